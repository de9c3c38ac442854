import { Command } from "@commander-js/extra-typings";
import { appError } from "../errors/app_error.ts";
import {
  contextOption,
  kubeconfigOption,
  namespaceOption,
  outputFormats,
  outputOptionOf,
  platformOption,
  verboseOption,
} from "./options.ts";

/**
 * Starts a command: its name, what it does, and the options of all commands on Skupper's resources.
 * `drawings` are what -o takes beside the usual formats.
 */
export function leaf(name: string, summary: string, drawings: readonly string[] = []) {
  return leafWithoutPlatform(name, summary, drawings)
    .addOption(namespaceOption())
    .addOption(platformOption())
    .addOption(contextOption())
    .addOption(kubeconfigOption());
}

/** Starts a command that has nothing to do with Skupper's platforms. */
export function leafWithoutPlatform(
  name: string,
  summary: string,
  drawings: readonly string[] = [],
) {
  const formats = [...outputFormats, ...drawings];
  return new Command(name)
    .summary(summary)
    .description(summary)
    .addOption(outputOptionOf(formats))
    .addOption(verboseOption())
    .hook("preAction", (_command, action) => requireFormat(action, formats));
}

/** The option may have stood before the command, where it takes what any command takes. */
function requireFormat(
  action: { optsWithGlobals(): Record<string, unknown> },
  formats: string[],
): void {
  const { output } = action.optsWithGlobals();
  if (typeof output !== "string" || formats.includes(output)) return;
  const wanted = `one of ${formats.join(", ")}`;
  throw appError("invalid-value", { name: "--output", value: output, wanted });
}
