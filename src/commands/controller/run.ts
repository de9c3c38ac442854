import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { need, refuseOptions } from "../../platform/abilities.ts";
import type { ClusterRunOptions, LocalRunOptions } from "../../platform/controller_options.ts";
import {
  grantCaOption,
  grantCertificateOption,
  grantKeyOption,
  grantSecretOption,
} from "./certificate_options.ts";
import {
  type ClusterOptions,
  clusterOptions,
  exposeOption,
  watchNamespaceOption,
} from "./cluster_options.ts";
import {
  controllerOptions,
  type EndpointOptions,
  grantHostOption,
  grantPortOption,
  operationsPortOption,
  proxyProtocolOption,
} from "./endpoint_options.ts";

type Options = EndpointOptions & ClusterOptions & { wait?: true };

/** `controller run`: ends with exit code 0 when it is asked to stop. */
export function controllerRun(run: Runner) {
  return leaf("run", "Serve grants and reconcile resources, in the foreground", { retries: false })
    .addOption(grantHostOption())
    .addOption(grantPortOption())
    .addOption(grantCertificateOption())
    .addOption(grantKeyOption())
    .addOption(grantCaOption())
    .addOption(grantSecretOption())
    .addOption(operationsPortOption())
    .addOption(proxyProtocolOption())
    .addOption(exposeOption())
    .addOption(watchNamespaceOption())
    .option("--wait", "wait for the controller that runs to end, and take over from it")
    .action(run({ text: () => "" }, serve));
}

async function serve(context: CommandContext, options: Options): Promise<undefined> {
  const platform = await context.platform();
  const { signal, log } = context;
  const shared = controllerOptions(options);
  if (platform.clusterRunner !== undefined) {
    refuseOptions(platform, { "--wait": options.wait }, "linux");
    const given: ClusterRunOptions = { ...shared, ...clusterOptions(options) };
    await platform.clusterRunner.run(given, signal, log);
    return;
  }
  const runner = need(platform, "controllerRunner", "running the controller");
  const { expose, grantSecret, watchNamespace } = options;
  refuseOptions(
    platform,
    { "--expose": expose, "--grant-secret": grantSecret, "--watch-namespace": watchNamespace },
    "kubernetes",
  );
  const given: LocalRunOptions = { ...shared, wait: options.wait === true };
  await runner.run(given, signal, log);
}
