import { isAppError } from "../errors/app_error.ts";
import { systemErrorCode } from "../runtime/system_error.ts";
import { isTimeout } from "./deadline.ts";

/**
 * Watches until the deadline of that signal ends, or whoever reads what is told has left: neither
 * is an error here. Any other end is one.
 */
export async function watchUntil(signal: AbortSignal, watch: () => Promise<void>): Promise<void> {
  try {
    await watch();
    signal.throwIfAborted();
  } catch (error) {
    if (!isTimeout(error) && !hasReaderLeft(error)) throw error;
  }
}

function hasReaderLeft(error: unknown): boolean {
  return isAppError(error, "not-writable") && systemErrorCode(error.cause) === "EPIPE";
}
