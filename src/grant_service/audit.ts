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
