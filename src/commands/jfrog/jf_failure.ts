import type { CommandContext } from "../../cli/context.ts";
import { type AppError, isAppError } from "../../errors/app_error.ts";
import type { FailedAnswer } from "../../errors/jfrog_errors.ts";

/** The errors that an answer of a server is. */
const failedAnswers = [
  "access-refused",
  "access-not-found",
  "access-conflict",
  "access-request-invalid",
  "access-server-failed",
  "access-answer-unexpected",
] as const;

/** What a server refused, as jf prints it on stdout beside the error. */
export class JfFailure {
  readonly error: AppError;
  readonly printed: Record<string, unknown>;

  constructor(error: AppError, { body, status, statusLine }: FailedAnswer) {
    this.error = error;
    this.printed = {
      ...(body === undefined ? {} : { body: sorted(body) }),
      status: statusLine,
      status_code: status,
    };
  }
}

/**
 * What `run` gives, or the failure of a server's answer where jf would print that as JSON: called
 * as jf, with JFROG_CLI_ERROR_OUTPUT_FORMAT=json or, if that is not set, --format=json
 * (docs/spec/jfrog.md 0).
 */
export async function orJfFailure<D>(
  context: CommandContext,
  format: string | undefined,
  run: () => Promise<D>,
): Promise<D | JfFailure> {
  const wanted = context.env["JFROG_CLI_ERROR_OUTPUT_FORMAT"] || format || "";
  const isWanted = context.say.program === "jf" && wanted.toLowerCase() === "json";
  try {
    return await run();
  } catch (error) {
    if (isWanted && isAppError(error, ...failedAnswers)) return new JfFailure(error, error.data);
    throw error;
  }
}

/** The error to end with, where the result is a failure. */
export function failureOf(result: unknown): AppError | undefined {
  return result instanceof JfFailure ? result.error : undefined;
}

/** Go prints the keys of a map in their order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map((
      [name, one],
    ) => [name, sorted(one)]),
  );
}
