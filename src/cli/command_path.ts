import type { Command, Option } from "@commander-js/extra-typings";

/** How far words go in naming a command. */
export interface CommandPath {
  command: Command;
  /** The command's words, without the program's name. */
  words: string[];
  /** The option that the next word is the value of. */
  awaiting: Option | undefined;
  /** What names no command: the command's arguments. */
  rest: string[];
}

/** The command that words name, whatever options stand between them. */
export function findCommand(root: Command, words: string[]): CommandPath {
  const path: CommandPath = { command: root, words: [], awaiting: undefined, rest: [] };
  for (const word of words) {
    if (path.awaiting !== undefined) {
      path.awaiting = undefined;
    } else if (word.startsWith("-")) {
      const { options } = path.command;
      const option = options.find(({ short, long }) => word === short || word === long);
      if (option?.required) path.awaiting = option;
    } else {
      const child = path.command.commands.find((child) =>
        child.name() === word || child.aliases().includes(word)
      );
      if (child === undefined) {
        path.rest.push(word);
        continue;
      }
      path.command = child as Command;
      path.words.push(child.name());
    }
  }
  return path;
}

/**
 * The words of a command that there is none of: the noun's, where that is known, and the first that
 * names nothing. Undefined where all words name something, or an option may be wrong.
 */
export function missingCommand(root: Command, words: string[]): string[] | undefined {
  const path: CommandPath = { command: root, words: [], awaiting: undefined, rest: [] };
  for (const word of words) {
    const { options, commands, registeredArguments } = path.command;
    if (path.awaiting !== undefined) {
      path.awaiting = undefined;
    } else if (word.startsWith("-")) {
      const known = [...options, ...root.options] as Option[];
      const option = known.find(({ short, long }) => word === short || word === long);
      const isUnknown = option === undefined && !word.includes("=");
      if (isUnknown || option?.long === "--version") return undefined;
      if (option?.required) path.awaiting = option;
    } else {
      const child = commands.find((child) => [child.name(), ...child.aliases()].includes(word));
      const isLeaf = commands.length === 0 || registeredArguments.length > 0;
      if (child === undefined) return isLeaf ? undefined : [...path.words, word];
      path.command = child as Command;
      path.words.push(child.name());
    }
  }
  return undefined;
}
