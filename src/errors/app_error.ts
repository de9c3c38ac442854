import { catalog, type ErrorCode, type ErrorData } from "./catalog.ts";
import type { Say } from "./entry.ts";
import { exitCodes } from "./exit_code.ts";

/** What is known of a failure beside its code and data. */
export interface ErrorContext {
  cause?: unknown;
  resume?: string;
  /** False where it may have done what was asked all the same; by default as its exit code says. */
  retryable?: boolean;
}

/** A failure with a code of the catalog: the only kind of error that reaches a user with a remedy. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  /** What the catalog's wording is filled with; never holds a secret. */
  readonly data: unknown;
  /** True if the same command may succeed when simply run again, and does no harm then. */
  readonly retryable: boolean;
  /** The words of the command that goes on where this one stopped, without the program's name. */
  resume?: string;

  constructor(code: ErrorCode, data: unknown, options?: ErrorContext) {
    const entry = catalog[code] as { message(data: unknown): string };
    super(entry.message(data), options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = data;
    this.retryable = options?.retryable ?? exitCodes[catalog[code].exit].retry;
    if (options?.resume !== undefined) this.resume = options.resume;
  }

  get exitCode(): number {
    return exitCodes[catalog[this.code].exit].code;
  }

  /** The remedy, in the words of the program as it was called. */
  hint(say: Say): string | undefined {
    const entry = catalog[this.code] as { hint?(data: unknown, say: Say): string | undefined };
    return entry.hint?.(this.data, say);
  }
}

/** Makes an error of the catalog; code and data are checked against each other at compile time. */
export function appError<C extends ErrorCode>(
  code: C,
  data: ErrorData<C>,
  options?: ErrorContext,
): AppError {
  return new AppError(code, data, options);
}

/** True if `error` is an AppError, with that code if one is given. */
export function isAppError(error: unknown, ...codes: ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}
