import { appError } from "../errors/app_error.ts";
import { untilAborted } from "../runtime/abortable.ts";
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
  /** A state that can't be mended by waiting, if it lasts; the error that ends the wait then. */
  vain?: {
    /** How long it must last, in milliseconds. */
    afterMs: number;
    error(state: S): Error | undefined;
  };
  /** The state in words; asked for again on expiry, when more may be known of it. */
  describe(state: S): string;
  /** Words of the command that goes on from here, if there is one. */
  resume?: string;
}

/**
 * Reads states until one is the wanted one. Throws `timed-out`, with the last state seen, when the
 * deadline ends first (at once after the first state where the timeout is 0), the interrupt's error
 * when that ends it, and the error of a state that lasts in vain.
 */
export async function waitFor<S, R>(
  states: AsyncIterable<S>,
  wait: Wait<S, R>,
  deadline: Deadline,
): Promise<R> {
  let last: { state: S } | undefined;
  let held: string | undefined;
  const vain = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  deadline.tell?.(wait.what, undefined);
  try {
    for await (const state of untilAborted(states, vain.signal)) {
      const result = await wait.done(state);
      if (result !== undefined) return result;
      const error = wait.vain?.error(state);
      if (error === undefined) {
        clearTimeout(timer);
        timer = undefined;
      } else {
        timer ??= setTimeout(() => vain.abort(error), wait.vain?.afterMs);
      }
      last = { state };
      deadline.tell?.(wait.what, wait.describe(state));
      if (deadline.timeoutMs === 0) break;
    }
  } catch (error) {
    if (!isTimeout(error)) throw error;
    held = whatWasAwaited(error);
  } finally {
    clearTimeout(timer);
  }
  vain.signal.throwIfAborted();
  const reason = deadline.signal.reason;
  if (deadline.signal.aborted && !isTimeout(reason)) throw reason;
  throw appError("timed-out", {
    after: formatDuration(deadline.timeoutMs ?? 0),
    what: wait.what,
    ...(last === undefined ? {} : { last: wait.describe(last.state) }),
    ...(held === undefined ? {} : { lastError: `waited for ${held}` }),
  }, wait.resume === undefined ? undefined : { resume: wait.resume });
}
