import type { Now } from "../runtime/clock.ts";
import { type Change, changeKey } from "./home.ts";

/** A popular grant's status follows its ledger at this distance in milliseconds, not use by use. */
const distanceMs = 200;

/** The same where replicas write it in turns, and each hears of what the others wrote. */
const sharedDistanceMs = 1000;

/** Which grants' statuses say less than their ledgers, and when they are to say as much. */
export class StatusMirror {
  /** How long a count that others wrote, or a popular grant's own, waits for more of its kind. */
  readonly distanceMs: number;
  readonly #steady: Now;
  readonly #behind = new Map<string, Change>();
  /** When a status was last found to be behind, by the steady clock. */
  #notedAt = -Infinity;

  /** `steady` is a clock that nobody sets, in milliseconds. */
  constructor(steady: Now, isShared: boolean) {
    this.#steady = steady;
    this.distanceMs = isShared ? sharedDistanceMs : distanceMs;
  }

  /** Notes a grant that is behind; in how many milliseconds to look at it, undefined: at once. */
  note(change: Change): number | undefined {
    this.#behind.set(changeKey(change), change);
    const now = this.#steady();
    const isFirst = now - this.#notedAt > this.distanceMs;
    this.#notedAt = now;
    return isFirst ? undefined : this.distanceMs;
  }

  /** Forgets that the grant is behind, before it is looked at; true if it was. */
  take(change: Change): boolean {
    return this.#behind.delete(changeKey(change));
  }

  /** Notes again what was taken and could not be written. */
  putBack(change: Change): void {
    this.#behind.set(changeKey(change), change);
  }

  /** The grants that are behind. */
  left(): Change[] {
    return [...this.#behind.values()];
  }
}
