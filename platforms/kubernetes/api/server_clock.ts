import { type Now, steadyNow } from "../../../src/runtime/clock.ts";

/** A `Date` header leaves out what is less than a second (RFC 9110 5.6.7). */
const resolutionMs = 1000;

/**
 * The API server's clock, as the `Date` of its answers tells it. Those who share a cluster share
 * it, however wrong the clocks of their own machines are.
 */
export class ServerClock {
  readonly #steady: Now;
  /** How far it is ahead of the steady clock, in milliseconds. */
  #aheadMs: number | undefined;

  constructor(steady: Now = steadyNow) {
    this.#steady = steady;
  }

  /** The time there, in milliseconds since 1970; undefined before the first answer. */
  now(): number | undefined {
    return this.#aheadMs === undefined ? undefined : this.#steady() + this.#aheadMs;
  }

  /**
   * Takes in the `Date` of an answer that has just come, to a request that was sent at `sentAt` of
   * the steady clock. What is known changes no more than the answer demands.
   */
  learn(date: string | undefined, sentAt: number): void {
    const at = Date.parse(date ?? "");
    if (Number.isNaN(at)) return;
    const [low, high] = [at - this.#steady(), at + resolutionMs - sentAt];
    const known = this.#aheadMs ?? (low + high) / 2;
    this.#aheadMs = Math.min(Math.max(known, low), high);
  }
}
