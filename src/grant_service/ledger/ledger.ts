/** One redemption, as the ledger records it. */
export interface Redemption {
  /** SHA-256 of the client's public key (SPKI DER), base64url, if the client made its key. */
  keyHash?: string;
  name: string;
  subject: string;
  /** Serial number of the certificate that was signed, hex. */
  serial: string;
  /** RFC 3339. */
  at: string;
  /**
   * The answer's body where it holds a private key: kept until it is delivered, and for 2 minutes
   * of one process at most. Where the client made its key nothing is kept: the same certificate can
   * be signed again.
   */
  answer?: string;
  /** True once the client has taken the answer. */
  delivered?: boolean;
  /**
   * Where several services share the ledgers: the one that hands the answer out. It alone knows
   * whether it arrives, and the others give it to nobody for a while. How long they measure
   * themselves, from when they see this; the time (RFC 3339) tells one such spell from another.
   */
  heldBy?: string;
  heldUntil?: string;
}

/**
 * Redemptions that change no more, kept apart so that a write need not hold them. None has an
 * answer: of a claimant without a key they say nothing that matters.
 */
export interface ClosedRedemptions {
  readonly count: number;
  /** The redemption of the client whose key has that hash. */
  find(keyHash: string): Redemption | undefined;
  /** From the oldest on. */
  all(): Iterable<Redemption>;
}

/** The book of record of one grant. Uses spent = `counted` + the number of redemptions. */
export interface Ledger {
  grantUid: string;
  grantName: string;
  /**
   * Uses the grant's status already showed when this ledger was begun (another service counted).
   */
  counted: number;
  closed?: ClosedRedemptions;
  /** Those that are not closed. */
  redemptions: Redemption[];
  /**
   * RFC 3339, set when the grant was removed before its time: to a holder of the code it is
   * revoked.
   */
  revokedAt?: string;
  /**
   * SHA-256 of the code, base64url, kept with `revokedAt` so that only a holder of the code is
   * told.
   */
  codeHash?: string;
  /** RFC 3339 of the grant's expiry, for sweeping. */
  expiresAt?: string;
}

/** Uses spent so far. */
export function usesSpent(ledger: Ledger): number {
  return ledger.counted + (ledger.closed?.count ?? 0) + ledger.redemptions.length;
}

/** All that are on record, closed ones first. */
export function allRedemptions({ closed, redemptions }: Ledger): Redemption[] {
  return [...closed?.all() ?? [], ...redemptions];
}
