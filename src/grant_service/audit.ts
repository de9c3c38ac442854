import type { Now } from "../runtime/clock.ts";
import { AuditChain } from "./audit_chain.ts";

/** What is put on record; never a code or a key. */
export interface AuditEvent {
  event: "issued" | "redeemed" | "repeated" | "undelivered" | "refused" | "revoked";
  namespace?: string;
  grant?: string;
  uid?: string;
  name?: string;
  subject?: string;
  address?: string;
  reason?: string;
  serial?: string;
}

export type Audit = (event: AuditEvent) => void;

/**
 * An audit that gives each event to `write` as one line of JSON, its time first, and last what
 * chains it to the one before.
 */
export function auditTo(
  write: (line: string) => void,
  now: Now = Date.now,
  chain: AuditChain = new AuditChain(),
): Audit {
  return (event) => write(chain.append(event, new Date(now()).toISOString()));
}
