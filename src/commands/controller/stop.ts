import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { need } from "../../platform/abilities.ts";
import { awaitController } from "./await_controller.ts";
import { windDownMs } from "./wind_down.ts";

interface Stopped {
  stopped: boolean;
}

/** `controller stop`: what is in flight is finished first. */
export function controllerStop(run: Runner) {
  return leaf("stop", "Stop the controller once it has finished what is in flight")
    .addOption(timeoutOption("60s"))
    .action(run({ text, windDownMs }, stop));
}

async function stop(context: CommandContext): Promise<Stopped> {
  const platform = await context.platform();
  const host = need(platform, "controllerHost", "stopping the controller");
  context.progress("Waiting for the controller to finish...");
  const stopped = await awaitController(context, {
    host,
    what: "the controller to finish what is in flight",
    resume: "controller stop",
    act: (signal) => host.stop(signal),
  });
  return { stopped };
}

function text({ stopped }: Stopped): string {
  return stopped ? "The controller has stopped." : "No controller was running.";
}
