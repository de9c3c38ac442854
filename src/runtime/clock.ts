/** The time in milliseconds since 1970. Passed as a value wherever a test must move it. */
export type Now = () => number;

/**
 * Milliseconds since this process began, by a clock that nobody can set. Spans of time are measured
 * with it.
 */
export const steadyNow: Now = () => performance.now();

/** Waits `ms` milliseconds; rejects with the signal's reason when it aborts, leaving no timer. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", stopped, { once: true });
    function done() {
      signal?.removeEventListener("abort", stopped);
      resolve();
    }
    function stopped() {
      clearTimeout(timer);
      reject(signal!.reason);
    }
  });
}
