import type { Now } from "../../runtime/clock.ts";
import type { Redemption } from "./ledger.ts";

/**
 * How long this process has known of the answers that a ledger keeps, and of who hands them out. It
 * is measured by a clock that nobody can set. The times in the ledger come from clocks that may
 * have been wrong, perhaps on another machine.
 */
export class AnswerAges {
  readonly #steady: Now;
  readonly #since = new Map<string, number>();

  /** `steady` counts milliseconds, from anywhere, at the pace of time. */
  constructor(steady: Now) {
    this.#steady = steady;
  }

  /** Milliseconds since the answer was first asked about. */
  ofAnswer({ serial }: Pick<Redemption, "serial">): number {
    return this.#age(serial);
  }

  /** Milliseconds since it was first asked about that this service hands the answer out. */
  ofHold({ serial, heldBy, heldUntil }: Redemption): number {
    return this.#age(`${serial} ${heldBy} ${heldUntil}`);
  }

  /** Notes the answers that are kept. */
  note(kept: readonly Redemption[]): void {
    for (const redemption of kept) {
      this.ofAnswer(redemption);
      if (redemption.heldBy !== undefined) this.ofHold(redemption);
    }
  }

  /** Forgets all answers but those that are kept. */
  forgetOthers(kept: readonly Redemption[]): void {
    const serials = new Set(kept.map(({ serial }) => serial));
    for (const key of this.#since.keys()) {
      if (!serials.has(key.split(" ", 1)[0]!)) this.#since.delete(key);
    }
  }

  #age(key: string): number {
    const now = this.#steady();
    const since = this.#since.get(key) ?? now;
    this.#since.set(key, since);
    return now - since;
  }
}
