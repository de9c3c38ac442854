import { AppError, appError } from "../errors/app_error.ts";
import { exitCodes } from "../errors/exit_code.ts";
import { explainSystemError, systemErrorCode } from "../runtime/system_error.ts";
import { outputFormats, type SharedOptions } from "./options.ts";
import { renderError, writeDefect } from "./output.ts";
import { sayFor } from "./command_words.ts";
import { writeColoured } from "./state_colours.ts";
import type { World } from "./streams.ts";

/** Words the error on stderr and gives the exit code. */
export async function reportError(
  world: World,
  thrown: unknown,
  options: SharedOptions,
): Promise<number> {
  const format = outputFormats.find((each) => each === options.output) ?? "text"; // no drawing
  const error = describeDiskError(thrown);
  if (!(error instanceof AppError)) {
    await writeDefect(world, error, format);
    return exitCodes.defect.code;
  }
  const say = sayFor(world, options);
  const text = renderError(error, format, say, options.verbose === true);
  await writeColoured(world.stderr, text, world.env);
  return error.exitCode;
}

/** What a disk refuses is no defect, wherever it did: a file system may be read-only, or full. */
function describeDiskError(error: unknown): unknown {
  const refusals = ["EROFS", "ENOSPC", "EDQUOT", "EACCES", "EPERM", "EIO"];
  const { path } = (error ?? {}) as { path?: unknown };
  if (!refusals.includes(systemErrorCode(error) ?? "") || typeof path !== "string") return error;
  return appError("not-writable", { path, why: explainSystemError(error) }, { cause: error });
}
