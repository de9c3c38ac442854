import { appError } from "../errors/app_error.ts";
import { type Deadline, isTimeout, whatWasAwaited } from "./deadline.ts";
import { formatDuration } from "./duration.ts";

/** What is waited for. */
export interface Wait<S, R> {
  /** Named on expiry: `site "west" to be ready`. */
  what: string;
  /**
   * The result once the state is the wanted one, else undefined; throws where waiting is in vain.
   */
  done(state: S): R | undefined | Promise<R | undefined>;
  /** The state in words, for the message on expiry. */
  describe(state: S): string;
  /** Words of the command that goes on from here, if there is one. */
  resume?: string;
}

/**
 * Reads states until one is the wanted one. Throws `timed-out`, with the last state seen, when the
 * deadline ends first (at once after the first state where the timeout is 0), and the interrupt's
 * error when that ends it.
 */
export async function waitFor<S, R>(
  states: AsyncIterable<S>,
  wait: Wait<S, R>,
  deadline: Deadline,
): Promise<R> {
  let last: string | undefined;
  let held: string | undefined;
  try {
    for await (const state of states) {
      const result = await wait.done(state);
      if (result !== undefined) return result;
      last = wait.describe(state);
      if (deadline.timeoutMs === 0) break;
    }
  } catch (error) {
    if (!isTimeout(error)) throw error;
    held = whatWasAwaited(error);
  }
  const reason = deadline.signal.reason;
  if (deadline.signal.aborted && !isTimeout(reason)) throw reason;
  throw appError("timed-out", {
    after: formatDuration(deadline.timeoutMs ?? 0),
    what: wait.what,
    ...(last === undefined ? {} : { last }),
    ...(held === undefined ? {} : { lastError: `waited for ${held}` }),
  }, wait.resume === undefined ? undefined : { resume: wait.resume });
}
