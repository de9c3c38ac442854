/**
 * What happened, in the order of true time (milliseconds since 1970). Simulated and real runs
 * alike record it.
 */
export type HappeningNow =
  /** A grant can be redeemed that many times until then. */
  | { what: "issued"; grant: string; uses: number; expiresAt: number }
  /** It is taken away; services hear of it soon. */
  | { what: "revoking"; grant: string }
  /** It was taken away, and every service knows. */
  | { what: "revoked"; grant: string }
  /** A service begins to serve it, and knows of no answer yet how old it is. */
  | { what: "started"; grant: string }
  /** A service's clock shows that much more than the true time. */
  | { what: "clock"; offsetMs: number }
  /** A client asks. `key` is the hash of its own key; `claimant` is what it is known by. */
  | {
    what: "asked";
    attempt: string;
    client: string;
    grant: string;
    claimant: string;
    key?: string;
  }
  /** It was given a certificate: its serial number, and the key that it is for. */
  | { what: "given"; attempt: string; serial: string; key: string; body: string }
  | { what: "refused"; attempt: string; reason: Reason }
  /** No whole answer came. */
  | { what: "lost"; attempt: string }
  /** Something was given to somebody who does not have the code. */
  | { what: "leaked"; grant: string }
  /** The service saw the client itself acknowledge the answer, and had the time to keep that. */
  | { what: "acknowledged"; attempt: string }
  /** The client has what it was given, safe from any crash of its own. */
  | { what: "kept"; client: string; serial: string }
  /** The client is through: it has what it wanted, or was refused for good; or its time was up. */
  | { what: "ended"; client: string; how: "kept" | "refused" | "stuck" }
  /** One that was refused asks again, long after, with the key that it kept. */
  | { what: "returned"; client: string }
  /** A ledger is about to be stored. */
  | { what: "storing"; grant: string; spent: number; serials: string[] }
  /** A ledger as it is stored from now on. */
  | { what: "stored"; grant: string; spent: number; serials?: string[] }
  /** Somebody put an older ledger there; the grant's status says that so many uses are spent. */
  | { what: "restored"; grant: string; spent: number }
  /** A service that counts every request, as upstream's does, is asked; until it has answered. */
  | { what: "counting"; grant: string; client: string; attempt: string }
  | { what: "counted"; attempt: string }
  /** At the end: the redemptions on record. */
  | { what: "final"; grant: string; spent: number; uses: FinalUse[] };

/** A use as the ledger has it at the end. */
export interface FinalUse {
  serial: string;
  claimant: string;
  at: number;
}

export type Happening = HappeningNow & { at: number };

/** Why nothing was given. `failed` may pass. */
export type Reason = "expired" | "revoked" | "used-up" | "unknown" | "closed" | "failed";
