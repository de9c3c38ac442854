import type { Command, Option } from "@commander-js/extra-typings";
import { exitCodes } from "../../src/errors/exit_code.ts";
import { version } from "../../src/version.ts";
import { commandHelp } from "../../src/help/examples.ts";
import { variables } from "../../src/help/variables.ts";
import { listCommands, type NamedCommand, wholeTree } from "../reference/program.ts";

/** A page of the manual. */
export interface ManPage {
  /** As in `hawser-token-issue.1`. */
  file: string;
  text: string;
}

/**
 * The manual of section 1, from what help says: a page for the program, and one for each command.
 * `committed` is its date, in seconds since 1970.
 */
export function writeManPages(committed: number): ManPage[] {
  const root = wholeTree("hawser");
  const commands = listCommands(root);
  const date = new Date(committed * 1000).toISOString().slice(0, 10);
  return [
    { file: "hawser.1", text: programPage(root, commands, date) },
    ...commands.map((command) => ({
      file: `${pageName(command)}.1`,
      text: commandPage(command, date),
    })),
  ];
}

function programPage(root: Command, commands: NamedCommand[], date: string): string {
  return page("hawser", "issue and redeem Skupper link tokens, create JFrog access tokens", date, [
    section("SYNOPSIS", [".B hawser", roff("<command> [options]")]),
    section("DESCRIPTION", paragraphs(root.description())),
    section("COMMANDS", commands.flatMap((command) => item(command.words, summary(command)))),
    section(
      "EXIT STATUS",
      Object.values(exitCodes).flatMap(({ code, meaning }) => item(String(code), meaning)),
    ),
    section("ENVIRONMENT", variables.flatMap(({ name, meaning }) => item(name, plain(meaning)))),
    section("SEE ALSO", [commands.map((one) => `.BR ${roff(pageName(one))} (1)`).join(",\n")]),
  ]);
}

function commandPage(named: NamedCommand, date: string): string {
  const { words, command } = named;
  const { examples, seeAlso } = commandHelp[words]!;
  const parameters = command.registeredArguments.map((argument) => ({
    name: `${argument.name()}${argument.variadic ? "..." : ""}`,
    argument,
  }));
  const usage = parameters.map(({ name, argument }) =>
    argument.required ? `<${name}>` : `[${name}]`
  );
  return page(pageName(named), summary(named), date, [
    section("SYNOPSIS", [`.B ${roff(`hawser ${words}`)}`, roff([...usage, "[options]"].join(" "))]),
    section("DESCRIPTION", paragraphs(command.description())),
    section(
      "ARGUMENTS",
      parameters.flatMap(({ name, argument }) => item(name, argument.description)),
    ),
    section(
      "OPTIONS",
      command.options.filter(({ hidden }) => !hidden)
        .flatMap((option) => item(option.flags, describe(option))),
    ),
    section(
      "EXAMPLES",
      examples.flatMap(({ line, what }) => [".TP", `.B ${roff(line)}`, roff(what)]),
    ),
    section("SEE ALSO", [[".BR hawser (1)", ...neighbours(seeAlso)].join(",\n")]),
  ]);
}

/** The pages of commands; topics of help have none. */
function neighbours(seeAlso: string[]): string[] {
  return seeAlso.map((line) => line.split(" -")[0]!)
    .filter((words) => !/^help /.test(words))
    .map((words) => `.BR ${roff(`hawser-${words.replaceAll(" ", "-")}`)} (1)`);
}

function page(name: string, what: string, date: string, sections: string[]): string {
  const head = `.TH ${roff(name.toUpperCase())} 1 ${date} "hawser ${version}" "User Commands"`;
  return [head, section("NAME", [`${roff(name)} \\- ${roff(what)}`]), ...sections].join("");
}

function section(title: string, lines: string[]): string {
  return lines.length === 0 ? "" : `\n.SH ${title}\n${lines.join("\n")}`;
}

function item(name: string, meaning: string): string[] {
  return [".TP", `.B ${roff(name)}`, roff(meaning)];
}

function paragraphs(text: string): string[] {
  return text.trim().split(/\n\n+/).flatMap((paragraph, index) => [
    ...index === 0 ? [] : [".PP"],
    ...paragraph.startsWith(" ")
      ? [".nf", ...paragraph.split("\n").map(roff), ".fi"]
      : paragraph.split("\n").map(roff),
  ]);
}

function describe({ description, argChoices, defaultValue, defaultValueDescription }: Option) {
  const standard = defaultValueDescription ?? (Array.isArray(defaultValue) ? "" : defaultValue);
  return [
    description,
    ...argChoices === undefined ? [] : [`(one of ${argChoices.join(", ")})`],
    ...standard === undefined || standard === "" || standard === false
      ? []
      : [`(default ${String(standard)})`],
  ].join(" ");
}

function summary({ command }: NamedCommand): string {
  return command.summary() || command.description().split("\n")[0]!;
}

function pageName({ words }: NamedCommand): string {
  return `hawser-${words.replaceAll(" ", "-")}`;
}

/** Text of a reference page without its marks. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}

/** Text that roff takes as it is: no escape, no request, no hyphen for a minus. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^(?=[.'])/, "\\&");
}
