import { Command } from "@commander-js/extra-typings";
import {
  contextOption,
  kubeconfigOption,
  namespaceOption,
  outputOption,
  platformOption,
  verboseOption,
} from "./options.ts";

/** Starts a command: its name, what it does, and the options all commands share. */
export function leaf(name: string, summary: string) {
  return new Command(name)
    .summary(summary)
    .description(summary)
    .addOption(namespaceOption())
    .addOption(platformOption())
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .addOption(outputOption())
    .addOption(verboseOption());
}
