import { type AppError, appError, isAppError } from "../errors/app_error.ts";
import { formatDuration } from "./duration.ts";

/** One time limit for a whole command, together with the user's Ctrl-C. */
export interface Deadline {
  /** Aborts with an AppError: `timed-out`, or whatever the interrupt's reason is. */
  readonly signal: AbortSignal;
  /** Undefined: no limit. 0: look once. */
  readonly timeoutMs: number | undefined;
  /** Milliseconds left; Infinity without a limit. */
  remainingMs(): number;
  /** Told what is awaited, and its last state once one is known. */
  tell?(what: string, last: string | undefined): void;
  /** Releases the timer. */
  end(): void;
}

/** Requests of a command with `--timeout 0` still need a bound: one look may take this long. */
const singleLookMs = 10_000;

/**
 * Starts the clock of a command; `interrupts` aborts on Ctrl-C or SIGTERM with its AppError. `tell`
 * is told what the command waits for.
 */
export function startDeadline(
  timeoutMs: number | undefined,
  interrupts: AbortSignal,
  tell?: Deadline["tell"],
): Deadline {
  const limit = new AbortController();
  const started = performance.now();
  const boundMs = timeoutMs === 0 ? singleLookMs : timeoutMs;
  const timer = boundMs === undefined
    ? undefined
    : setTimeout(expire, Math.min(boundMs, 2 ** 31 - 1));
  function expire() {
    limit.abort(appError("timed-out", { after: formatDuration(timeoutMs ?? 0) }));
  }
  return {
    signal: AbortSignal.any([limit.signal, interrupts]),
    timeoutMs,
    remainingMs: () => boundMs === undefined ? Infinity : boundMs - (performance.now() - started),
    ...(tell && { tell }),
    end: () => clearTimeout(timer),
  };
}

/**
 * The end of a deadline, with what was awaited if it does not say so yet. Any other error is given
 * back as it is.
 */
export function whileAwaiting(error: unknown, what: string): unknown {
  if (!isTimeout(error) || whatWasAwaited(error) !== undefined) return error;
  return appError("timed-out", { after: error.data.after, what }, { cause: error });
}

/**
 * What the end of a deadline says was awaited; undefined for any other error, and where it does not
 * say.
 */
export function whatWasAwaited(error: unknown): string | undefined {
  return isTimeout(error) ? error.data.what : undefined;
}

/** True if `error` is the end of a deadline: what was awaited may be added to it. */
export function isTimeout(error: unknown): error is AppError<"timed-out"> {
  return isAppError(error, "timed-out");
}
