import { type Command, Help } from "@commander-js/extra-typings";
import type { CommandHelp } from "../help/examples.ts";
import { fitColumns } from "./narrow_text.ts";

/** The least room for what an option does that is worth a column, in characters. */
const leastRoom = 16;

/**
 * What puts examples in front of a command's options, and what to ask for next at the end:
 * configuration for commander, of commands whose help is in `commandHelp`. `isHere` tells whether
 * the program has a command under the name it was called by. A terminal has so many `columns`.
 */
export function helpWithExamples(
  commandHelp: Record<string, CommandHelp>,
  isHere: (command: string) => boolean,
  columns: number | undefined,
): Partial<Help> {
  function helpOf(command: Command): CommandHelp {
    const { examples, seeAlso } = commandHelp[wordsOf(command)] ?? { examples: [], seeAlso: [] };
    const here = examples.filter(({ line }) => isHere(/hawser ([\w-]+)/.exec(line)![1]!));
    return { examples: here, seeAlso: seeAlso.filter((line) => isHere(subjectOf(line))) };
  }
  return {
    minWidthToWrap: leastRoom,
    formatHelp(command: Command, helper: Help): string {
      const text = Help.prototype.formatHelp.call(helper, command, helper);
      const also = helpOf(command).seeAlso.map((words) => `${programOf(command)} ${words}`);
      const whole = also.length === 0 ? text : `${text}\nSee also: ${also.join(", ")}\n`;
      return columns === undefined ? whole : fitColumns(whole, columns);
    },
    commandDescription(command: Command): string {
      const { examples } = helpOf(command);
      if (examples.length === 0) return command.description();
      const program = programOf(command);
      const lines = examples.map(({ line, what }) =>
        `  ${line.replace(/(^|[ (])hawser /g, `$1${program} `)}\n      ${what}`
      );
      // with lines that are indented, commander takes the whole as it is
      const description = new Help().boxWrap(command.description(), helpWidth(command));
      const shown = lines.join("\n");
      return `${description}\n\nExamples:\n${
        columns === undefined ? shown : fitColumns(shown, columns)
      }`;
    },
  };
}

/** The command that has to be there for a line to make sense. */
function subjectOf(line: string): string {
  return /^help (platforms|tokens|guarantees)$/.test(line) ? "token" : line.split(" ")[0]!;
}

function helpWidth(command: Command): number {
  return command.configureOutput().getOutHelpWidth?.() ?? 80;
}

/** The command's words, without the program's name. */
function wordsOf(command: Command): string {
  const { parent } = command;
  if (parent === null) return "";
  return `${wordsOf(parent as Command)} ${command.name()}`.trim();
}

function programOf(command: Command): string {
  return command.parent === null ? command.name() : programOf(command.parent as Command);
}
