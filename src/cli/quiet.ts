import { type AppError, isAppError } from "../errors/app_error.ts";
import type { CommandContext } from "./context.ts";

/** --quiet of a command that takes something away (docs/spec/design.md 3.9). */
export const quietRemoval = "print no result; what is not there is no failure";

/** The errors of something that is not there. */
const absences = [
  "resource-not-found",
  "jfrog-server-not-found",
  "access-token-gone",
] as const;

/**
 * What `find` finds; where that is not there and `quiet` is said, undefined, with a warning. Throws
 * what `find` throws otherwise.
 */
export async function findUnlessQuiet<T>(
  { warn }: CommandContext,
  quiet: boolean | undefined,
  find: () => Promise<T> | T,
): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (!quiet || !isAppError(error, ...absences)) throw error;
    warn(`${(error as AppError).message}: nothing is left to do`);
    return undefined;
  }
}
