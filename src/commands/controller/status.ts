import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { type AppError, appError } from "../../errors/app_error.ts";
import { type ControllerStatus, need } from "../../platform/abilities.ts";
import { describeController } from "./status_text.ts";

/** `controller status`: exit code 3 if none runs that answers. */
export function controllerStatus(run: Runner) {
  return leaf("status", "Display who serves here, where, and since when")
    .addOption(timeoutOption("60s"))
    .action(run({ text: describeController, failure }, status));
}

async function status(context: CommandContext): Promise<ControllerStatus> {
  const platform = await context.platform();
  const probe = platform.controllerHost ??
    need(platform, "controllerProbe", "asking for the controller");
  return await probe.status(context.signal);
}

function failure(status: ControllerStatus): AppError | undefined {
  const { home } = status;
  if ("cluster" in status) {
    const { namespace } = status.cluster;
    return status.running ? undefined : appError("controller-absent", { namespace, home });
  }
  if (!status.running) return appError("controller-not-running", { home });
  const { answers, problem = "it says nothing" } = status;
  return answers === false
    ? appError("controller-not-answering", { home, why: problem })
    : undefined;
}
