import { Command } from "@commander-js/extra-typings";
import { appError } from "../errors/app_error.ts";
import { exitCodes } from "../errors/exit_code.ts";
import type { SharedOptions } from "./options.ts";
import { version } from "../version.ts";
import { fitColumns, fitProse } from "./narrow_text.ts";
import { table } from "./output.ts";

/** What `help` tells about beside commands; the texts are read when they are asked for. */
export const topicNames = [
  "platforms",
  "tokens",
  "guarantees",
  "exit-codes",
  "environment",
  "ci",
] as const;

/** `help [command...]`, and `help <topic>`, which fits a terminal of so many columns. */
export function helpCommand(
  root: Command,
  write: (text: string) => void,
  columns: number | undefined,
): Command {
  return new Command("help")
    .summary("Display help for a command or about a topic")
    .description(
      `Display help for a command or about a topic, one of ${topicNames.join(", ")}.`,
    )
    .argument("[words...]", "the command, or the topic")
    .option("--shell", "exit-codes as variables and a function for a POSIX shell to source")
    .action(async (words, { shell }) => {
      const { topics } = await import("../help/topics.ts");
      const topic = words.join(" ");
      if (topic === "exit-codes") {
        const { output = "text" } = root.opts() as SharedOptions;
        if (shell) return write(exitCodeScript());
        if (["json", "yaml"].includes(output)) {
          return write(JSON.stringify(exitCodeList(), null, 2));
        }
        if (output !== "text") {
          const wanted = "text, json or yaml of the exit codes";
          throw appError("invalid-value", { name: "--output", value: output, wanted });
        }
      }
      if (Object.hasOwn(topics, topic)) {
        const text = topics[topic]!.text(table);
        const isTable = topic === "exit-codes" || topic === "environment";
        if (columns === undefined) return write(text);
        return write(isTable ? fitColumns(text, columns) : fitProse(text, columns));
      }
      write(namedCommand(root, words).helpInformation());
    }) as unknown as Command;
}

function namedCommand(root: Command, words: string[]): Command {
  let command = root;
  for (const word of words) {
    const next = command.commands.find((child) =>
      child.name() === word || child.aliases().includes(word)
    );
    if (next === undefined) {
      throw appError("usage", {
        message: `Unknown help topic "${words.join(" ")}"`,
        help: `${root.name()} --help`,
      });
    }
    command = next as Command;
  }
  return command;
}

/** The table for a script: `. file`, then `hawser_retryable $?` and `$HAWSER_EXIT_SPENT`. */
function exitCodeScript(): string {
  const entries = Object.entries(exitCodes);
  const variables = entries.map(([name, { code, meaning }]) =>
    `HAWSER_EXIT_${name.toUpperCase().replaceAll("-", "_")}=${code} # ${meaning}\n`
  );
  const codes = entries.flatMap(([, { code, retry }]) => retry === true ? [code] : []);
  return `# the exit codes of hawser ${version}
${variables.join("")}
# true where running the same again can help; else it ends with the code that it was given
hawser_retryable() {
  case $1 in
    ${codes.join(" | ")}) return 0 ;;
    0) return 1 ;;
    *) return "$1" ;;
  esac
}
`;
}

/** The table as data; JSON is YAML too. */
function exitCodeList() {
  return Object.values(exitCodes).map(({ code, meaning, retry }) => ({
    code,
    meaning,
    retryable: retry === true ? "all" : retry || "none",
  }));
}
