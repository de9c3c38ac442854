import { Command, CommanderError, type Option } from "@commander-js/extra-typings";
import { nouns, singles } from "../commands/mod.ts";
import { exitCodes } from "../errors/exit_code.ts";
import type { PlatformRegistry } from "../platform/abilities.ts";
import { version } from "../version.ts";
import { findCommand } from "./command_path.ts";
import { completionCommand } from "./completion.ts";
import { helpCommand } from "./help.ts";
import {
  contextOption,
  helpOption,
  isShared,
  kubeconfigOption,
  namespaceOption,
  type OutputFormat,
  outputFormats,
  outputOption,
  platformOption,
  type SharedOptions,
  verboseOption,
} from "./options.ts";
import { createRunner, reportError } from "./runner.ts";
import type { World } from "./streams.ts";
import { wordUsageError } from "./usage_error.ts";

/** Runs one command line and gives the exit code; nothing is thrown. */
export async function app(world: World, platforms: PlatformRegistry): Promise<number> {
  const written: string[] = [];
  const root = commandTree(world, platforms, (text) => written.push(text));
  try {
    await root.parseAsync(world.args, { from: "user" })
      .catch((error) => written.push(textInstead(error, root, world.args)));
    await world.stdout.write(written.join(""));
    return exitCodes.done.code;
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      return await reportError(world, error, optionsInForce(root, world.args));
    }
    const help = [world.program, ...findCommand(root, world.args).words, "--help"].join(" ");
    return await reportError(world, wordUsageError(error, help), outputWanted(world.args));
  }
}

/** What is to be printed where no command was run: nothing more, or help. Throws what is an error. */
function textInstead(error: unknown, root: Command, args: string[]): string {
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) return "";
  if (error.code === "commander.help") return findCommand(root, args).command.helpInformation();
  throw error;
}

/**
 * The command line: nouns, verbs, help and completion. What the arguments don't name is left out, unless
 * they name nothing or ask about everything: making it all would double the time a start takes.
 */
export function commandTree(
  world: World,
  platforms: PlatformRegistry,
  write: (text: string) => void,
): Command {
  const run = createRunner(world, platforms);
  const root = new Command(world.program)
    .description("Issue and redeem the tokens that link Skupper sites.")
    .version(version, "-V, --version", "print the version")
    .addOption(namespaceOption().hideHelp())
    .addOption(platformOption().hideHelp())
    .addOption(contextOption().hideHelp())
    .addOption(kubeconfigOption().hideHelp())
    .addOption(outputOption().hideHelp())
    .addOption(verboseOption().hideHelp()) as unknown as Command;
  const isNamed = (name: string) => world.args.includes(name);
  const asksForAll = isNamed("help") || isNamed("completion");
  const namesNone = ![...Object.keys(nouns), ...Object.keys(singles)].some(isNamed);
  for (const [name, { summary, verbs }] of Object.entries(nouns)) {
    if (!isNamed(name) && !asksForAll && !namesNone) continue;
    const noun = new Command(name).summary(summary).description(summary);
    const namesNoVerb = !Object.keys(verbs).some(isNamed);
    for (const [verb, make] of Object.entries(verbs)) {
      const mayBeMeant = isNamed(name) && (isNamed(verb) || namesNoVerb);
      if (mayBeMeant || asksForAll) noun.addCommand(make(run) as unknown as Command);
    }
    root.addCommand(noun);
  }
  for (const [name, make] of Object.entries(singles)) {
    if (isNamed(name) || asksForAll || namesNone) root.addCommand(make(run) as unknown as Command);
  }
  if (asksForAll || namesNone) {
    root.addCommand(completionCommand(root, write));
    root.addCommand(helpCommand(root, write));
  }
  prepare(root, world, write);
  return root;
}

/** Every command throws instead of exiting, and writes to `write`; sub-commands inherit neither. */
function prepare(command: Command, world: World, write: (text: string) => void) {
  command.exitOverride();
  command.helpCommand(false);
  command.addHelpOption(helpOption());
  // a command's own options are what its help is asked for: the shared ones come last
  (command.options as Option[]).sort((a, b) => Number(isShared(a)) - Number(isShared(b)));
  command.configureHelp({ showGlobalOptions: false });
  command.configureOutput({
    writeOut: write,
    writeErr: () => {},
    outputError: () => {},
    getOutHelpWidth: () => world.stdout.columns ?? 80,
    getOutHasColors: () => false,
  });
  for (const child of command.commands) prepare(child as Command, world, write);
}

/** The shared options as parsed, on whichever level they stood. */
function optionsInForce(root: Command, args: string[]): SharedOptions {
  return findCommand(root, args).command.optsWithGlobals() as SharedOptions;
}

/** The format asked for, found without parsing: the command line may be the very thing at fault. */
function outputWanted(args: string[]): { output?: OutputFormat } {
  for (const [index, arg] of args.entries()) {
    const value = /^(?:-o|--output=)(.+)$/.exec(arg)?.[1] ??
      (arg === "-o" || arg === "--output" ? args[index + 1] : undefined);
    const format = outputFormats.find((format) => format === value);
    if (format !== undefined) return { output: format };
  }
  return {};
}
