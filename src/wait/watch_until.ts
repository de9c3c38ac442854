import { isTimeout } from "./deadline.ts";

/**
 * Watches until the deadline of that signal ends, which is no error here; any other end is one.
 */
export async function watchUntil(signal: AbortSignal, watch: () => Promise<void>): Promise<void> {
  try {
    await watch();
    signal.throwIfAborted();
  } catch (error) {
    if (!isTimeout(error)) throw error;
  }
}
