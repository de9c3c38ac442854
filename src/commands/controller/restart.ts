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

/** `controller restart`: a newer executable takes over, and redeemers notice nothing. */
export function controllerRestart(run: Runner) {
  return leaf("restart", "Put this executable in the place of the controller that runs")
    .addOption(grantHostOption())
    .addOption(grantPortOption())
    .addOption(grantCertificateOption())
    .addOption(grantKeyOption())
    .addOption(grantCaOption())
    .addOption(operationsPortOption())
    .addOption(proxyProtocolOption())
    .addOption(timeoutOption("60s"))
    .action(run({ text, windDownMs }, restart));
}

async function restart(
  context: CommandContext,
  options: EndpointOptions,
): Promise<LocalStatus> {
  const platform = await context.platform();
  const host = need(platform, "controllerHost", "restarting the controller");
  const given = controllerOptions(options);
  context.progress("Waiting for the controller...");
  return await awaitController(context, {
    host,
    what: "the new controller to answer",
    resume: `controller restart${optionWords(options)}`,
    act: (signal) => host.restart(given, signal),
  });
}

function text(status: LocalStatus): string {
  return `The controller has been restarted.\n${describeController(status)}`;
}
