import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { type ControllerRunOptions, need } from "../../platform/abilities.ts";
import { controllerOptions, grantHostOption, grantPortOption } from "./endpoint_options.ts";

/** `controller run`: ends with exit code 0 when it is asked to stop. */
export function controllerRun(run: Runner) {
  return leaf("run", "Serve grants and reconcile resources, in the foreground")
    .addOption(grantHostOption())
    .addOption(grantPortOption())
    .option("--wait", "wait for the controller that runs to end, and take over from it")
    .action(run({ text: () => "" }, serve));
}

async function serve(context: CommandContext, options: ControllerRunOptions): Promise<undefined> {
  const platform = await context.platform();
  const runner = need(platform, "controllerRunner", "running the controller");
  const runOptions = { ...controllerOptions(options), wait: options.wait === true };
  await runner.run(runOptions, context.signal, context.log);
}
