import { type Command, CommanderError } from "@commander-js/extra-typings";
import { type AppError, appError } from "../errors/app_error.ts";
import { exitCodes } from "../errors/exit_code.ts";
import type { PlatformRegistry } from "../platform/abilities.ts";
import { findCommand, missingCommand } from "./command_path.ts";
import type { CommandSet } from "./command_set.ts";
import { commandTree } from "./command_tree.ts";
import { rewriteGoFlags } from "./go_flags.ts";
import { outputFormats, type SharedOptions } from "./options.ts";
import { handOver, isHandedOver, realProgramVariable } from "./real_program.ts";
import { reportError } from "./report_error.ts";
import type { World } from "./streams.ts";
import { wordUsageError } from "./usage_error.ts";

/**
 * Runs one command line of the commands that the program has under the name it was called by, and
 * gives the exit code; nothing is thrown. Called as jf, every failure is
 * 1, as jf's are, unless HAWSER_EXIT_CODES=1; what a signal ended is told from one even there.
 */
export async function app(
  world: World,
  platforms: PlatformRegistry,
  commandsFor: (program: string) => CommandSet,
): Promise<number> {
  const garbled = garbledInput(world);
  if (garbled !== undefined) {
    return codeToEndWith(world, await reportError(world, garbled, outputWanted(world.args)));
  }
  const written: string[] = [];
  const root = await commandTree(
    world,
    platforms,
    commandsFor(world.program),
    (text) => written.push(text),
  );
  const missing = missingCommand(root, world.args);
  const isReal = missing !== undefined || world.args.at(-1) === completionFlag;
  try {
    if (isReal && isHandedOver(world)) return await handOver(world);
  } catch (error) {
    return codeToEndWith(world, await reportError(world, error, outputWanted(world.args)));
  }
  return codeToEndWith(world, await runLine(world, root, written, missing));
}

/**
 * An argument, or a variable that names a place, that is not UTF-8: the runtime has put one and the
 * same character for what it can't read, and two files would be taken for one.
 */
function garbledInput({ args, env }: World): AppError | undefined {
  const variables = ["HAWSER_DATA_HOME", "XDG_DATA_HOME", "HOME", "KUBECONFIG"];
  const places = variables.map((name) => [`variable ${name}`, env[name] ?? ""]);
  const all = [...args.map((arg, index) => [`argument ${index + 1}`, arg]), ...places];
  const [what, value] = all.find(([, text]) => text!.includes("\ufffd")) ?? [];
  if (what === undefined) return undefined;
  return appError("invalid-value", { name: what, value: value!, wanted: "in UTF-8" });
}

/** What jf's own completion asks its commands with. */
const completionFlag = "--generate-bash-completion";

function codeToEndWith({ program, env }: World, code: number): number {
  const isPlain = program === "jf" && env["HAWSER_EXIT_CODES"] !== "1";
  const { done, failed, interrupted, terminated } = exitCodes;
  const isKept = [done, interrupted, terminated].some((exit) => exit.code === code);
  return isPlain && !isKept ? failed.code : code;
}

async function runLine(
  world: World,
  root: Command,
  written: string[],
  missing: string[] | undefined,
): Promise<number> {
  const { command } = findCommand(root, world.args);
  const args = rewriteGoFlags(command, world.args, { singleDash: world.program === "jf" });
  const variable = realProgramVariable(world.program);
  if (missing !== undefined && variable !== undefined) {
    const error = await commandMissing(root, missing, variable);
    return await reportError(world, error, outputWanted(world.args));
  }
  try {
    await root.parseAsync(args, { from: "user" })
      .catch((error) => written.push(textInstead(error, root, world.args)));
    await world.stdout.write(written.join(""));
    return exitCodes.done.code;
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      return await reportError(world, error, optionsInForce(root, world.args));
    }
    const { words } = findCommand(root, world.args);
    const help = showingInstead(error, words) ?? [...words, "--help"].join(" ");
    return await reportError(
      world,
      wordUsageError(error, `${world.program} ${help}`),
      outputWanted(world.args),
    );
  }
}

/** The command that shows what other programs list, show or get; undefined if that is not meant. */
function showingInstead({ code, message }: CommanderError, [noun]: string[]): string | undefined {
  if (code !== "commander.unknownCommand" || !/'(list|ls|show|get|describe)'/.test(message)) {
    return undefined;
  }
  return noun === "grant"
    ? "grant list"
    : ["site", "link", "token", "controller"].includes(noun ?? "")
    ? `${noun} status`
    : undefined;
}

/** What skupper has and we do not: no slip of the pen. */
const skuppersOwn = /^(connector|debug|listener|man|manifest|system)$/;

/** The error of a command that the program whose name we go by may have. */
async function commandMissing(
  root: Command,
  words: string[],
  variable: string,
): Promise<AppError> {
  const isShown = words.every((word) => /^[a-z][a-z-]{0,30}$/.test(word)); // else perhaps a secret
  const suggestion = await root.parseAsync(words, { from: "user" })
    .then(() => undefined, ({ message }) => /Did you mean [^)]*/.exec(message)?.[0]);
  const isTheirs = root.name() === "skupper" && skuppersOwn.test(words[0] ?? "");
  return appError("command-missing", {
    program: root.name(),
    words: isShown ? words.join(" ") : "",
    variable,
    ...(suggestion === undefined || isTheirs ? {} : { suggestion }),
  });
}

/**
 * What to print where no command was run: help, or nothing more. Throws errors that are none of
 * these.
 */
function textInstead(error: unknown, root: Command, args: string[]): string {
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) return "";
  if (error.code === "commander.help") return findCommand(root, args).command.helpInformation();
  throw error;
}

/** The shared options as parsed, on whichever level they stood. */
function optionsInForce(root: Command, args: string[]): SharedOptions {
  return findCommand(root, args).command.optsWithGlobals() as SharedOptions;
}

/** The format asked for, found without parsing: the command line may be the very thing at fault. */
function outputWanted(args: string[]): { output?: string } {
  for (const [index, arg] of args.entries()) {
    const value = /^(?:-o|--output=)(.+)$/.exec(arg)?.[1] ??
      (arg === "-o" || arg === "--output" ? args[index + 1] : undefined);
    const format = outputFormats.find((format) => format === value);
    if (format !== undefined) return { output: format };
  }
  return {};
}
