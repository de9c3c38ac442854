import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { type ControllerRunOptions, need } from "../../platform/abilities.ts";
import { exposeOption, watchNamespaceOption } from "./cluster_options.ts";
import {
  controllerOptions,
  grantHostOption,
  grantPortOption,
  proxyProtocolOption,
} from "./endpoint_options.ts";
import { windDownMs } from "./wind_down.ts";

interface Options extends ControllerRunOptions {
  watchNamespace?: string[];
}

/** `controller run`: ends with exit code 0 when it is asked to stop. */
export function controllerRun(run: Runner) {
  return leaf("run", "Serve grants and reconcile resources, in the foreground")
    .addOption(grantHostOption())
    .addOption(grantPortOption())
    .addOption(proxyProtocolOption())
    .addOption(exposeOption())
    .addOption(watchNamespaceOption())
    .option("--wait", "wait for the controller that runs to end, and take over from it")
    .action(run({ text: () => "", windDownMs }, serve));
}

async function serve(context: CommandContext, options: Options): Promise<undefined> {
  const platform = await context.platform();
  const runner = need(platform, "controllerRunner", "running the controller");
  const { wait, expose, watchNamespace } = options;
  const runOptions = {
    ...controllerOptions(options),
    wait: wait === true,
    ...(expose === undefined ? {} : { expose }),
    ...(watchNamespace === undefined ? {} : { watchNamespaces: watchNamespace }),
  };
  await runner.run(runOptions, context.signal, context.log);
}
