import { catalog, type ErrorCode, type ErrorData } from "./catalog.ts";
import type { Entry, Say } from "./entry.ts";
import { exitCodes } from "./exit_code.ts";

/** What is known of a failure beside its code and data. */
export interface ErrorContext {
  cause?: unknown;
  resume?: string;
  /** False where it may have done what was asked all the same; by default as its entry says. */
  retryable?: boolean;
  /** When to come again, as who failed says, in milliseconds. */
  retryAfterMs?: number | undefined;
}

/**
 * A failure with a code of the catalog: the only kind of error that reaches a user with a remedy.
 */
export class AppError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "AppError";
  readonly code: C;
  /** What the catalog's wording is filled with; never holds a secret. */
  readonly data: ErrorData<C>;
  /** True if the same command may succeed when simply run again, and does no harm then. */
  readonly retryable: boolean;
  /** How long to wait before that, where who failed says so, in milliseconds. */
  retryAfterMs?: number;
  /** What the command had done before it failed, in sentences. */
  done: string[] = [];
  /** The words of the command that goes on where this one stopped, without the program's name. */
  resume?: string;

  constructor(code: C, data: ErrorData<C>, options?: ErrorContext) {
    const entry = catalog[code] as Entry<ErrorData<C>>;
    super(entry.message(data), options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = data;
    this.retryable = options?.retryable ?? mayHelpAgain(entry);
    if (options?.resume !== undefined) this.resume = options.resume;
    if (options?.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }

  get exitCode(): number {
    return exitCodes[catalog[this.code].exit].code;
  }

  /** The remedy, in the words of the program as it was called. */
  hint(say: Say): string | undefined {
    const entry = catalog[this.code] as Entry<ErrorData<C>>;
    return entry.hint?.(this.data, say);
  }
}

/** True if the same command may succeed when it is run again after such an error. */
export function mayHelpAgain({ exit, retry }: Pick<Entry<never>, "exit" | "retry">): boolean {
  return retry ?? exitCodes[exit].retry === true;
}

/** Makes an error of the catalog; code and data are checked against each other at compile time. */
export function appError<C extends ErrorCode>(
  code: C,
  data: ErrorData<C>,
  options?: ErrorContext,
): AppError<C> {
  return new AppError(code, data, options);
}

/**
 * True if `error` is an AppError, with one of the codes if any is given; its data are then of that
 * code.
 */
export function isAppError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: C[]
): error is AppError<C> {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}
