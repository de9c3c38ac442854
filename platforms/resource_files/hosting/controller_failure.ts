import { type AppError, appError } from "../../../src/errors/app_error.ts";
import { type ControllerFiles, controllerRunning } from "./controller_files.ts";
import { findError, whyEnded } from "./controller_program.ts";

/** What is known of a controller that has ended before it answered. */
export interface EarlyEnd {
  /** What it wrote. */
  output: string;
  /** How its process ended. */
  ending?: string;
  /** Where its log is. */
  log?: string;
}

/**
 * The error to end with when a controller has ended before it answered. Where the user has a
 * remedy, it is the controller's own error, as `controller run` would have told it; else
 * `controller-failed`.
 */
export async function controllerFailure(
  files: ControllerFiles,
  { output, ending, log }: EarlyEnd,
): Promise<AppError> {
  const error = findError(output);
  switch (error?.code) {
    case "controller-running":
      return await controllerRunning(files);
    case "port-in-use":
    case "port-forbidden": {
      const port = Number(error.message.match(/port (\d+)/)?.[1]);
      const option = /--[a-z-]+/.exec(error.hint ?? "")?.[0] ?? "--grant-port";
      return appError(error.code, {
        host: option === "--grant-port" ? "*" : "127.0.0.1",
        port,
        option,
      });
    }
    case "data-home-unusable": {
      const why = error.message.slice(error.message.indexOf(": ") + 2);
      return appError("data-home-unusable", { path: files.home, why });
    }
  }
  const why = whyEnded(output, ending);
  return appError("controller-failed", { why, ...(log === undefined ? {} : { log }) });
}
