import type { AuditEvent } from "../grant_service/audit.ts";

/** How a resource stands, in the words of its status. */
export interface Standing {
  name: string;
  status: string;
  message: string;
}

/** A grant as it may be shown: without its code. */
export interface GrantStanding extends Standing {
  redemptions: number;
  redemptionsAllowed: number;
  /** RFC 3339. */
  expirationTime?: string | undefined;
}

/** What is shown of a namespace. */
export interface NamespaceOverview {
  namespace: string;
  sites: Standing[];
  grants: GrantStanding[];
  links: Standing[];
  /** AccessTokens that are not redeemed. */
  tokens: Standing[];
  /** What could not be read, and why. */
  problem?: string;
}

/** A recorded event and its time, in milliseconds since 1970. */
export interface RecentEvent extends AuditEvent {
  timeMs: number;
}

/** What a controller serves, and how that stands. */
export interface Overview {
  namespaces: NamespaceOverview[];
  /** How many namespaces there are beyond those. */
  more: number;
}

/** What the page says of the controller itself. */
export interface PageFacts extends Overview {
  grantUrl: string;
  /** What looks wrong with the clocks. */
  clock: string | undefined;
  /** What is wrong with the user's certificate, and which tokens it makes useless. */
  certificate: string | undefined;
  /** Grants that give nothing because their ledgers are damaged. */
  damagedLedgers: number;
  /** Newest first. */
  recent: readonly RecentEvent[];
}
