import type { Argument, Command, Option } from "@commander-js/extra-typings";
import { optionVariable } from "../../src/cli/option_variables.ts";
import { isShared } from "../../src/cli/options.ts";
import { variableOf, variables } from "../../src/help/variables.ts";
import { code, notice, table } from "./markdown.ts";
import { listCommands, type NamedCommand, type Program, programs, wholeTree } from "./program.ts";

/** docs/reference/commands.md: every command, with its arguments, options and names. */
export function describeCommands(): string {
  const trees = programs.map((program) => ({ program, known: namesOf(program) }));
  const commands = listCommands(wholeTree("hawser"));
  const first = commands.find(({ words }) => words === "site status")!;
  return [
    `${notice}
# Commands

The program is called hawser. Through a symlink of that name it is \`skupper\` or \`jf\`, and has the
commands that each section names.

Options of every command: those of the table; those for a platform only where the command is about
Skupper's resources. An option may stand before or behind the command's words.
`,
    optionTable("site status", options(first.command).filter(isShared)),
    ...commands.map((command) => describe(command, trees)),
    `## Environment\n`,
    table(["variable", "meaning"], variables.map(({ name, meaning }) => [code(name), meaning])),
  ].join("\n");
}

/** The words of each command that the program has by that name, aliases among them. */
function namesOf(program: Program): Map<string, string> {
  return new Map(listCommands(wholeTree(program)).map((named) => [named.words, shortName(named)]));
}

/** The shortest words that name it. */
function shortName({ command }: NamedCommand): string {
  const words = [command.alias() ?? command.name()];
  for (let parent = command.parent; parent?.parent; parent = parent.parent) {
    words.unshift(parent.alias() ?? parent.name());
  }
  return words.join(" ");
}

function describe(
  named: NamedCommand,
  trees: { program: Program; known: Map<string, string> }[],
): string {
  const { words, command } = named;
  const calls = trees.filter(({ known }) => known.has(words)).map(({ program }) => code(program));
  const own = options(command).filter((option) => !isShared(option));
  const isOfPlatform = options(command).some(({ long }) => long === "--platform");
  const short = shortName(named);
  return [
    `## ${words}\n`,
    `${sentence(command.description())}\n`,
    `    ${usageOf(words, command)}\n`,
    `Of ${calls.join(", ")}${short === words ? "" : `; in short ${code(short)}`}` +
    `${isOfPlatform ? "; works on a platform" : ""}.\n`,
    ...block(table(
      ["argument", "meaning"],
      command.registeredArguments.map((argument) => [code(nameOf(argument)), argument.description]),
    )),
    ...block(optionTable(words, own)),
  ].join("\n");
}

/** A summary ends like a sentence; what has its own lines or end stays as it is. */
function sentence(text: string): string {
  return /[.\n]/.test(text.slice(-1)) || text.includes("\n") ? text : `${text}.`;
}

function block(text: string): string[] {
  return text === "" ? [] : [text];
}

function usageOf(words: string, command: Command): string {
  const names = command.registeredArguments.map((argument) => nameOf(argument));
  return ["hawser", words, ...names, "[options]"].join(" ");
}

function nameOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function options(command: Command): Option[] {
  return [...command.options];
}

function optionTable(words: string, rows: Option[]): string {
  return table(
    ["option", "type", "default", "environment", "meaning"],
    rows.map((option) => {
      const names = [optionVariable(option), variableOf(words, option.long)];
      return [
        code(option.flags.replace(/ [<[].*$/, "")),
        typeOf(option),
        defaultOf(option),
        names.flatMap((name) => name === undefined ? [] : [code(name)]).join(", "),
        option.description + (option.hidden ? " (not in the help)" : ""),
      ];
    }),
  );
}

/** What the option takes; a switch takes nothing, or true and false behind an equals sign. */
function typeOf(option: Option): string {
  if (option.argChoices !== undefined) return option.argChoices.join(", ");
  const value = / [<[](.+?)[>\]]$/.exec(option.flags)?.[1];
  return value === undefined ? "switch" : value === "bool" ? "switch, or bool" : value;
}

function defaultOf({ defaultValue, defaultValueDescription, negate }: Option): string {
  const text = defaultValueDescription ?? String(defaultValue ?? "");
  return negate ? "" : text;
}
