import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption, wholeNumber } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { type Manifest, need, refuseOptions } from "../../platform/abilities.ts";
import { type Role, roles } from "../../platform/rights_probe.ts";
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

interface Options extends EndpointOptions, ClusterOptions {
  role?: Role;
  replicas?: number;
  image?: string;
  crds?: boolean;
}

/**
 * `controller manifest`: what another program takes to run the controller, or to let people use it.
 */
export function controllerManifest(run: Runner) {
  return leaf("manifest", "Print what sets the controller up, to be applied")
    .addOption(
      new Option("--role <role>", "print the least rights of such a person instead (Kubernetes)")
        .choices(roles),
    )
    .addOption(exposeOption())
    .addOption(grantHostOption())
    .addOption(grantPortOption())
    .addOption(grantCertificateOption())
    .addOption(grantKeyOption())
    .addOption(grantCaOption())
    .addOption(grantSecretOption())
    .addOption(operationsPortOption())
    .addOption(proxyProtocolOption())
    .addOption(watchNamespaceOption())
    .addOption(
      new Option("--replicas <number>", "how many run at once; 2 by default (Kubernetes)")
        .argParser(wholeNumber(1, 1000)),
    )
    .option("--image <name>", "image of the controller (Kubernetes)")
    .option("--crds", "print Skupper's resource definitions too; by default those it lacks")
    .option("--no-crds", "leave them out, and do not ask the cluster")
    .addOption(timeoutOption("60s"))
    .action(
      run({ text: ({ text }) => text, data: ({ data }) => data, isManifest: true }, manifest),
    );
}

async function manifest(context: CommandContext, options: Options): Promise<Manifest> {
  const platform = await context.platform();
  const { role, expose, grantSecret, watchNamespace, replicas, image, crds } = options;
  const shared = controllerOptions(options);
  if (platform.clusterManifest !== undefined) {
    return await platform.clusterManifest.write({
      ...shared,
      ...clusterOptions(options),
      ...(role === undefined ? {} : { role }),
      ...(replicas === undefined ? {} : { replicas }),
      ...(image === undefined ? {} : { image }),
      ...(crds === undefined ? {} : { definitions: crds }),
    }, context.signal);
  }
  const { write } = need(platform, "controllerManifest", "a manifest of the controller");
  refuseOptions(platform, {
    ...{ "--role": role, "--expose": expose, "--watch-namespace": watchNamespace },
    ...{ "--grant-secret": grantSecret },
    ...{ "--replicas": replicas, "--image": image, "--crds": crds },
  }, "kubernetes");
  return await write(shared, context.signal);
}
