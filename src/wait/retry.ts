import { sleep } from "../runtime/clock.ts";

/**
 * How a retry goes on after a failure: not at all, after the usual back-off, or after that time;
 * never sooner than the back-off, since a server that says "at once" may mean it not.
 */
export type RetryDecision = "give-up" | "back-off" | { afterMs: number };

/**
 * Calls `attempt` until it succeeds, `decide` gives up (its error is thrown), or the signal aborts
 * (its reason is thrown). Back-off doubles from 100 ms to 5 s, with jitter.
 */
export async function retry<T>(
  attempt: (number: number) => Promise<T>,
  decide: (error: unknown, number: number) => RetryDecision,
  signal: AbortSignal,
): Promise<T> {
  for (let number = 1;; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      signal.throwIfAborted();
      const decision = decide(error, number);
      if (decision === "give-up") throw error;
      const askedMs = decision === "back-off" ? 0 : decision.afterMs;
      await sleep(Math.max(askedMs, backOffMs(number)), signal);
    }
  }
}

/** Back-off before try `number + 1`, in milliseconds up to `mostMs`, up to half of it jitter. */
export function backOffMs(number: number, mostMs = 5000): number {
  const base = Math.min(mostMs, 100 * 2 ** Math.min(number - 1, 10));
  return base * (0.5 + Math.random() / 2);
}
