import type { Reason } from "./history.ts";

/** How long an answer that was not acknowledged is kept for a client without a key of its own. */
export const repeatWindowMs = 120_000;

/** How exactly two clocks that are right agree, and how long a request under way may take. */
export const toleranceMs = 1000;

/** How long the write of a use that was still due may be on its way. */
const underWayMs = 10_000;

/** How late the news of a grant may come to one of several services without a sign of it. */
const newsMs = 60_000;

/** One use that was given. */
export interface Use {
  serial: string;
  claimant: string;
  key: string;
  body: string;
  givenAt: number;
  /** Since when the service knows that its holder has it. */
  acknowledgedAt: number | undefined;
  holders: Set<string>;
}

/** One asking. */
export interface Asking {
  at: number;
  client: string;
  claimant: string;
  key: string | undefined;
}

/** A grant as it ought to be, in the fewest words: what may be given, to whom, and until when. */
export class GrantModel {
  readonly issuedAt: number;
  readonly allowed: number;
  readonly expiresAt: number;
  readonly uses = new Map<string, Use>();
  /** When each use was about to be put on record first, where that was seen. */
  readonly recordedAt = new Map<string, number>();
  revokedAt = Infinity;
  /** When a service began to serve it last: it measures from then on how old answers are. */
  startedAt = 0;
  isRevoking = false;
  /** The most uses that were ever on record, and the fewest since then. */
  spent = 0;
  /** The most that anybody has tried to put on record. */
  tried = 0;
  /** When an older record was put in place of the last one, each time. */
  readonly restorations: number[] = [];
  /** Uses of which no record at hand tells any more since then. */
  forgotten = 0;
  /** How far the clocks of the services were ahead at most, and behind. */
  aheadMs = 0;
  behindMs = 0;

  /** When that was done last. */
  get restoredAt(): number | undefined {
    return this.restorations.at(-1);
  }

  constructor(issuedAt: number, allowed: number, expiresAt: number) {
    this.issuedAt = issuedAt;
    this.allowed = allowed;
    this.expiresAt = expiresAt;
  }

  /** A certificate reaches a client; returns what is wrong with that. */
  give(asking: Asking, at: number, serial: string, key: string, body: string): string | undefined {
    const known = this.uses.get(serial);
    if (asking.at > this.revokedAt + toleranceMs) return "given after revocation";
    if (asking.key !== undefined && asking.key !== key) return "given for another key than asked";
    if (known !== undefined) {
      if (known.key !== key) return "two keys for one use";
      // for a key of its own it is signed again, maybe by another issuing authority
      if (asking.key === undefined && known.body !== body) {
        return "one use was given as two different answers";
      }
      if (known.claimant !== asking.claimant) return "one use for two claimants";
      const isOwn = asking.key !== undefined;
      if (!isOwn && asking.at > (known.acknowledgedAt ?? Infinity) + toleranceMs) {
        return "given again though it was acknowledged";
      }
      const since = Math.max(known.givenAt, this.startedAt);
      if (!isOwn && asking.at > since + repeatWindowMs + 20_000) {
        return "a key was given again after its time";
      }
      return undefined;
    }
    for (const other of this.uses.values()) {
      // what was put back may not know of it
      if (other.givenAt <= (this.restoredAt ?? -Infinity)) continue;
      if (other.key === key) return "two uses for one key";
      // of who never acknowledged, the same is due
      const isOwed = other.claimant === asking.claimant && other.holders.size === 0 &&
        (asking.key !== undefined || at < other.givenAt + repeatWindowMs - toleranceMs);
      if (isOwed) return "a second use for a client that has not taken the first";
    }
    const spentAt = this.recordedAt.get(serial) ?? asking.at;
    if (spentAt > this.expiresAt + underWayMs + this.behindMs) return "given after expiry";
    this.uses.set(serial, {
      serial,
      claimant: asking.claimant,
      key,
      body,
      givenAt: at,
      acknowledgedAt: undefined,
      holders: new Set(),
    });
    return this.uses.size > this.allowed + this.forgotten
      ? "more uses were given than there are"
      : undefined;
  }

  /** A client is refused; returns what is wrong with that. */
  refuse(asking: Asking, at: number, reason: Reason): string | undefined {
    switch (reason) {
      case "used-up":
        return this.isRevoking
          ? undefined
          : this.tried < this.allowed
          ? "refused as used up while uses are left"
          : undefined;
      case "expired":
        return at < this.expiresAt - toleranceMs - this.aheadMs
          ? "refused as expired before its time"
          : undefined;
      case "revoked":
      case "unknown":
        // what has expired is kept for a day, whatever a clock says meanwhile
        return this.isRevoking || at < this.issuedAt + newsMs
          ? undefined
          : `refused as ${reason}, and is not`;
      case "closed":
        return this.restoredAt !== undefined ? undefined : "closed for no reason";
      case "failed":
        return undefined;
    }
    void asking;
  }

  /** A record is about to be stored. */
  try(at: number, spent: number, serials: readonly string[]): void {
    this.tried = Math.max(this.tried, spent);
    for (const serial of serials) {
      if (!this.recordedAt.has(serial)) this.recordedAt.set(serial, at);
    }
  }

  /**
   * An older record is put in place of the last one, while the status says that so many are
   * spent.
   */
  restore(at: number, spent: number): void {
    this.restorations.push(at);
    this.forgotten += Math.max(0, this.tried - spent);
    // the status tells what the ledger does not
    this.spent = Math.min(this.spent, spent);
  }

  /** A record is stored; returns what is wrong with that. */
  store(spent: number): string | undefined {
    // a cluster removes the ledger with its grant
    if (spent < this.spent && !this.isRevoking) {
      return `uses were given back: ${this.spent} were spent, now ${spent}`;
    }
    this.spent = spent;
    return spent > this.allowed + this.forgotten
      ? "more uses are on record than there are"
      : undefined;
  }
}
