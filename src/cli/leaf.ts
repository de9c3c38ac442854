import { Command } from "@commander-js/extra-typings";
import {
  contextOption,
  kubeconfigOption,
  namespaceOption,
  outputOption,
  platformOption,
  verboseOption,
} from "./options.ts";

/**
 * Starts a command: its name, what it does, and the options of all commands on Skupper's resources.
 */
export function leaf(name: string, summary: string) {
  return leafWithoutPlatform(name, summary)
    .addOption(namespaceOption())
    .addOption(platformOption())
    .addOption(contextOption())
    .addOption(kubeconfigOption());
}

/** Starts a command that has nothing to do with Skupper's platforms. */
export function leafWithoutPlatform(name: string, summary: string) {
  return new Command(name)
    .summary(summary)
    .description(summary)
    .addOption(outputOption())
    .addOption(verboseOption());
}
