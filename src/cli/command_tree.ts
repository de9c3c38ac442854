import { Command, type Help, type Option } from "@commander-js/extra-typings";
import type { PlatformRegistry } from "../platform/abilities.ts";
import { jfVersion, version } from "../version.ts";
import type { CommandLoader, CommandSet } from "./command_set.ts";
import { completionCommand } from "./completion.ts";
import { helpCommand } from "./help.ts";
import { helpWithExamples } from "./help_format.ts";
import {
  contextOption,
  helpOption,
  isShared,
  kubeconfigOption,
  namespaceOption,
  outputOption,
  platformOption,
  quietOption,
  verboseOption,
} from "./options.ts";
import { applyOptionVariables } from "./option_variables.ts";
import { realProgramVariable } from "./real_program.ts";
import { createRunner, type Runner } from "./runner.ts";
import type { World } from "./streams.ts";

/**
 * The command line: nouns, verbs, help and completion. What the arguments don't name is left out,
 * unless they name nothing or ask about everything: making it all would double the time a start
 * takes.
 */
export async function commandTree(
  world: World,
  platforms: PlatformRegistry,
  { description, nouns, singles, values }: CommandSet,
  write: (text: string) => void,
): Promise<Command> {
  const run = createRunner(world, platforms);
  const root = emptyRoot(world.program, description);
  const isNamed = (key: string) => key.split("|").some((name) => world.args.includes(name));
  const asksForAll = isNamed("help|completion");
  const namesNone = ![...Object.keys(nouns), ...Object.keys(singles)].some(isNamed);
  for (const [key, { summary, verbs }] of Object.entries(nouns)) {
    if (!isNamed(key) && !asksForAll && !namesNone) continue;
    const noun = named(new Command(), key).summary(summary).description(summary);
    const namesNoVerb = !Object.keys(verbs).some(isNamed);
    const meant = Object.entries(verbs).filter(([verb]) =>
      asksForAll || isNamed(key) && (isNamed(verb) || namesNoVerb)
    );
    for (const command of await loadCommands(meant, run)) noun.addCommand(command);
    root.addCommand(noun);
  }
  const meant = Object.entries(singles).filter(([key]) => isNamed(key) || asksForAll || namesNone);
  for (const command of await loadCommands(meant, run)) root.addCommand(command);
  if (asksForAll || namesNone) {
    root.addCommand(completionCommand(root, write, { world, platforms, values }));
    root.addCommand(helpCommand(root, write, world.stdout.columns));
  }
  const asksForHelp = ["help", "--help", "-h"].some((word) => world.args.includes(word));
  const names = ["help", "completion", ...Object.keys(nouns), ...Object.keys(singles)]
    .flatMap((key) => key.split("|"));
  const inHelp = asksForHelp || namesNone
    ? helpWithExamples(
      (await import("../help/examples.ts")).commandHelp,
      (command) => names.includes(command),
      world.stdout.columns,
    )
    : {};
  prepare(root, world, write, inHelp);
  root.hook("preAction", (_, command) => applyOptionVariables(command as Command, world.env));
  return root;
}

/** Makes the commands, in their order, each under its key. */
function loadCommands(loaders: [key: string, CommandLoader][], run: Runner): Promise<Command[]> {
  return Promise.all(
    loaders.map(async ([key, load]) => named((await load())(run) as Command, key)),
  );
}

/** jf says its version in its own words, and takes no options of Skupper's. */
function emptyRoot(program: string, description: string): Command {
  const variable = realProgramVariable(program);
  const lacking = variable === undefined
    ? ""
    : `\n\nThis is hawser. Commands that are not here go to the real ${program} if ${variable} ` +
      "names it, or is auto for the next in PATH.";
  const root = new Command(program).description(description + lacking);
  if (program === "jf") {
    root.version(
      `jf version ${jfVersion} (hawser ${version})`,
      "-v, --version",
      "print the version",
    );
  } else {
    root.version(version, "-V, --version", "print the version")
      .addOption(namespaceOption())
      .addOption(platformOption())
      .addOption(contextOption())
      .addOption(kubeconfigOption());
  }
  return root
    .addOption(outputOption())
    .addOption(quietOption())
    .addOption(verboseOption()) as unknown as Command;
}

/** Gives a command the name of its key, and the other names behind `|`. */
function named(command: Command, key: string): Command {
  const [name, ...aliases] = key.split("|");
  return command.name(name!).aliases(aliases);
}

/** Every command throws instead of exiting, and writes to `write`; sub-commands inherit neither. */
function prepare(
  command: Command,
  world: World,
  write: (text: string) => void,
  inHelp: Partial<Help>,
) {
  command.exitOverride();
  command.helpCommand(false);
  command.addHelpOption(helpOption());
  // a command's own options are what its help is asked for: the shared ones come last
  (command.options as Option[]).sort((a, b) => Number(isShared(a)) - Number(isShared(b)));
  command.configureHelp({
    showGlobalOptions: false,
    subcommandTerm,
    optionTerm: ({ flags }) => flags.replace(" [bool]", ""),
    ...inHelp,
  });
  command.configureOutput({
    writeOut: write,
    writeErr: () => {},
    outputError: () => {},
    getOutHelpWidth: () => world.stdout.columns ?? 80,
    getOutHasColors: () => false,
  });
  for (const child of command.commands) prepare(child as Command, world, write, inHelp);
}

/** A command in a list: its names and what it can't do without. Its own help has the rest. */
function subcommandTerm(command: Command): string {
  const names = [command.name(), ...command.aliases()].join("|");
  const needed = command.registeredArguments.filter((argument) => argument.required);
  return [names, ...needed.map((argument) => `<${argument.name()}>`)].join(" ");
}
