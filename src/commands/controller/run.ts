import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { type ControllerOptions, need } from "../../platform/abilities.ts";
import { controllerOptions, grantHostOption, grantPortOption } from "./endpoint_options.ts";

/** `controller run`: ends with exit code 0 when it is asked to stop. */
export function controllerRun(run: Runner) {
  return leaf("run", "Serve grants and reconcile resources, in the foreground")
    .addOption(grantHostOption())
    .addOption(grantPortOption())
    .action(run({ text: () => "" }, serve));
}

async function serve(context: CommandContext, options: ControllerOptions): Promise<undefined> {
  const platform = await context.platform();
  const runner = need(platform, "controllerRunner", "running the controller");
  await runner.run(controllerOptions(options), context.signal, context.log);
}
