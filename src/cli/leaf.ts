import { Command, CommanderError, InvalidArgumentError } from "@commander-js/extra-typings";
import {
  contextOption,
  kubeconfigOption,
  namespaceOption,
  outputOf,
  outputOptionOf,
  platformOption,
  quietOption,
  retryForOption,
  verboseOption,
} from "./options.ts";

/** What is a command's own of the options that every command has. */
export interface LeafOptions {
  /** What -o takes beyond what it always takes: name, wide, drawings. */
  formats?: readonly string[];
  /** What --quiet means here. */
  quiet?: string;
  /** False where nothing that passes can stand in the way. */
  retries?: false;
}

/**
 * Starts a command: its name, what it does, and the options of all commands on Skupper's resources.
 */
export function leaf(name: string, summary: string, options: LeafOptions = {}) {
  return leafWithoutPlatform(name, summary, options)
    .addOption(namespaceOption())
    .addOption(platformOption())
    .addOption(contextOption())
    .addOption(kubeconfigOption());
}

/** Starts a command that has nothing to do with Skupper's platforms. */
export function leafWithoutPlatform(
  name: string,
  summary: string,
  { formats = [], quiet, retries }: LeafOptions = {},
) {
  const command = new Command(name)
    .summary(summary)
    .description(summary)
    .addOption(outputOptionOf(formats))
    .addOption(quietOption(quiet))
    .addOption(verboseOption())
    .hook("preAction", (_command, action) => requireFormat(action, formats));
  return retries === false ? command : command.addOption(retryForOption());
}

/** The option may have stood before the command, where it takes what any command takes. */
function requireFormat(
  action: { optsWithGlobals(): Record<string, unknown> },
  formats: readonly string[],
): void {
  const { output } = action.optsWithGlobals();
  if (typeof output !== "string") return;
  try {
    outputOf(output, formats);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new CommanderError(
      1,
      "commander.invalidArgument",
      `error: option '--output' argument '${output}' is invalid. ${error.message}`,
    );
  }
}
