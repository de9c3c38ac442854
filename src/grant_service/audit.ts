import type { Now } from "../runtime/clock.ts";

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

/** An audit that gives each event to `log` as one line of JSON, its time first. */
export function auditTo(log: (line: string) => void, now: Now = Date.now): Audit {
  return (event) => log(JSON.stringify({ time: new Date(now()).toISOString(), ...event }));
}
