import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { type LocalStatus, need } from "../../platform/abilities.ts";
import { awaitController, optionWords } from "./await_controller.ts";
import {
  controllerOptions,
  type EndpointOptions,
  grantHostOption,
  grantPortOption,
  operationsPortOption,
  proxyProtocolOption,
} from "./endpoint_options.ts";
import { grantCaOption, grantCertificateOption, grantKeyOption } from "./certificate_options.ts";
import { describeController } from "./status_text.ts";
import { windDownMs } from "./wind_down.ts";

/** `controller start`. */
export function controllerStart(run: Runner) {
  return leaf("start", "Start the controller and wait until it answers")
    .addOption(grantHostOption())
    .addOption(grantPortOption())
    .addOption(grantCertificateOption())
    .addOption(grantKeyOption())
    .addOption(grantCaOption())
    .addOption(operationsPortOption())
    .addOption(proxyProtocolOption())
    .addOption(timeoutOption("60s"))
    .action(run({ text, windDownMs }, start));
}

async function start(
  context: CommandContext,
  options: EndpointOptions,
): Promise<LocalStatus> {
  const platform = await context.platform();
  const host = need(platform, "controllerHost", "starting the controller");
  const given = controllerOptions(options);
  context.progress("Waiting for the controller...");
  const status = await awaitController(context, {
    host,
    what: "the controller to answer",
    resume: `controller start${optionWords(options)}`,
    act: (signal) => host.start(given, signal),
  });
  if (status.unit === undefined && status.container === undefined) {
    context.note("After a reboot it is to be started again; with systemd it would be a unit.");
  }
  return status;
}

function text(status: LocalStatus): string {
  return `The controller is running.\n${describeController(status)}`;
}
