import { type AppError, appError, isAppError } from "../errors/app_error.ts";
import { formatDuration } from "../wait/duration.ts";

/** A wait of less than this needs no words, in milliseconds. */
const shortMs = 2000;

/** How often a person at a terminal sees that time goes on, in milliseconds. */
const everyMs = 1000;

/**
 * What a command waits for: told after two seconds, with how it stands, how long it has lasted and
 * how long is left, and known to the error that ends the wait.
 */
export class LongWait {
  readonly #show: (text: string) => void;
  readonly #isTerminal: boolean;
  readonly #endMs: number | undefined;
  #what: string | undefined;
  #last: string | undefined;
  /** Told by `tell`, which knows more than `ask`. */
  #isNamed = false;
  #startedMs = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `timeoutMs` is how long the command may take from now on. */
  constructor(
    show: (text: string) => void,
    isTerminal: boolean,
    timeoutMs: number | undefined,
  ) {
    this.#show = show;
    this.#isTerminal = isTerminal;
    this.#endMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
  }

  /** Takes note of what is awaited, and of its last state. */
  readonly tell = (what: string, last: string | undefined): void => {
    this.#isNamed = true;
    this.#take(what, last);
  };

  /**
   * Takes note of who is asked, and with undefined of the answer, unless it is for the sake of
   * something that was told.
   */
  readonly ask = (what: string | undefined): void => {
    if (!this.#isNamed) this.#take(what, undefined);
  };

  /** The error, which says what was awaited if it ended a wait and does not say so. */
  explain(error: AppError): AppError {
    const last = this.#last === undefined ? {} : { last: this.#last };
    const waited = this.#what === undefined ? {} : { what: this.#what, ...last };
    const options = {
      cause: error.cause,
      retryable: error.retryable,
      ...(error.resume === undefined ? {} : { resume: error.resume }),
    };
    if (isAppError(error, "timed-out") && error.data.what === undefined) {
      const what = "a first answer"; // where it ended before anything was awaited by name
      return appError("timed-out", { what, ...error.data, ...waited }, options);
    }
    return isAppError(error, "interrupted", "terminated")
      ? appError(error.code, waited, options)
      : error;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #take(what: string | undefined, last: string | undefined): void {
    const isNew = what !== this.#what;
    const isNews = isNew || last !== this.#last;
    this.#what = what;
    this.#last = last;
    if (isNew) {
      this.#startedMs = performance.now();
      clearInterval(this.#timer);
      if (what === undefined) return;
      this.#timer = setInterval(() => this.#say(), this.#isTerminal ? everyMs : shortMs);
    } else if (isNews) {
      this.#say();
    }
  }

  #say(): void {
    const now = performance.now();
    const elapsedMs = now - this.#startedMs;
    if (elapsedMs < shortMs) return;
    const state = this.#last === undefined ? "" : `: ${this.#last}`;
    const left = this.#endMs === undefined ? "" : `, ${inSeconds(this.#endMs - now)} left`;
    const time = this.#isTerminal ? ` (${inSeconds(elapsedMs)}${left})` : "";
    this.#show(`Waiting for ${this.#what}${time}${state}...`); // a narrow line loses its end
  }
}

function inSeconds(durationMs: number): string {
  return formatDuration(Math.max(0, Math.round(durationMs / 1000) * 1000));
}
