import { Command } from "@commander-js/extra-typings";
import { appError } from "../errors/app_error.ts";
import { exitCodes } from "../errors/exit_code.ts";
import type { SharedOptions } from "./options.ts";
import { version } from "../version.ts";
import { table } from "./output.ts";

/** `help [command...]`, and `help exit-codes`. */
export function helpCommand(root: Command, write: (text: string) => void): Command {
  return new Command("help")
    .summary("display help for a command, or: help exit-codes")
    .description("Display help for a command. `help exit-codes` lists what each exit code means.")
    .argument("[words...]", "the command, or exit-codes")
    .option("--shell", "exit-codes as variables and a function for a POSIX shell to source")
    .action((words, { shell }) => {
      const { output = "text" } = root.opts() as SharedOptions;
      if (words.join(" ") === "exit-codes") {
        if (shell) return write(exitCodeScript());
        return write(output === "text" ? exitCodeTable() : JSON.stringify(exitCodeList(), null, 2));
      }
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
      write(command.helpInformation());
    }) as unknown as Command;
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
# true where running the same again can help
hawser_retryable() {
  case $1 in
    ${codes.join(" | ")}) return 0 ;;
    *) return 1 ;;
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

function exitCodeTable(): string {
  const rows = Object.values(exitCodes).map(({ code, meaning, retry }) => [
    String(code),
    sayRetry(retry),
    meaning,
  ]);
  return table([["CODE", "RETRY", "MEANING"], ...rows]);
}

function sayRetry(retry: boolean | string): string {
  return retry === true ? "yes" : retry || "";
}
