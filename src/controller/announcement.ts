import type { AuditEvent } from "../grant_service/audit.ts";
import type { Change } from "./home.ts";

/**
 * An outcome, told to those who look at the resource it concerns. It never holds a code or a key.
 */
export interface Announcement {
  about: Change & { uid: string };
  /** One word in CamelCase. */
  reason: string;
  message: string;
  /** True for what somebody may have to see to. */
  isProblem: boolean;
}

export type Announce = (announcement: Announcement) => void;

/** The announcement of an event of the grant service; undefined if the event has none. */
export function announcementOf(event: AuditEvent): Announcement | undefined {
  const { namespace, grant: name, uid } = event;
  if (namespace === undefined || name === undefined || uid === undefined) return undefined;
  const about = { kind: "AccessGrant", namespace, name, uid } as const;
  switch (event.event) {
    case "issued":
      return { about, reason: "Ready", message: "It can be redeemed", isProblem: false };
    case "redeemed": {
      const message = `Redeemed as "${event.name}" by "${event.subject}"`;
      return { about, reason: "Redeemed", message, isProblem: false };
    }
    case "refused": {
      const message = `A redemption from ${event.address} was refused: ${event.reason}`;
      return { about, reason: "Refused", message, isProblem: true };
    }
    default:
      return undefined;
  }
}
