import { type Now, steadyNow } from "../runtime/clock.ts";

/** How long it is awaited that a grant comes back which seems to be gone, in milliseconds. */
const mayReturnMs = 30_000;

/**
 * That a grant seems to be gone, as long as its ledger does not say so: it may come back, as where
 * its site is away for a moment. That it was revoked is not said then, which would end a redemption
 * for good.
 */
export class Absence {
  readonly #steady: Now;
  #since: number | undefined;

  /** `steady` counts milliseconds by a clock that nobody sets. */
  constructor(steady: Now = steadyNow) {
    this.#steady = steady;
  }

  begin(): void {
    this.#since ??= this.#steady();
  }

  end(): void {
    this.#since = undefined;
  }

  /** What a holder of the code is told; undefined for a grant that is there. */
  get reason(): "unready" | "unknown" | undefined {
    if (this.#since === undefined) return undefined;
    return this.#steady() - this.#since < mayReturnMs ? "unready" : "unknown";
  }
}
