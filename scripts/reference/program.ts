import type { Command } from "@commander-js/extra-typings";
import { commandTree } from "../../src/cli/command_tree.ts";
import { commandsFor } from "../../src/commands/mod.ts";

/** The names the program is called by. */
export const programs = ["hawser", "skupper", "jf"] as const;
export type Program = (typeof programs)[number];

const trees = new Map(
  await Promise.all(programs.map(async (program) => [program, await growTree(program)] as const)),
);

/** All commands the program has under that name. */
export function wholeTree(program: Program): Command {
  return trees.get(program)!;
}

function growTree(program: Program): Promise<Command> {
  const nothing = () => Promise.resolve();
  const stream = { isTerminal: false, write: nothing, deliver: nothing, steer: nothing };
  const world = {
    args: ["help"], // what asks about everything has everything made
    program,
    executable: [program],
    env: {},
    stdin: () => Promise.resolve(new Uint8Array()),
    stdinIsTerminal: false,
    readLine: () => Promise.resolve(undefined),
    stdout: stream,
    stderr: stream,
    interrupts: new AbortController().signal,
    become: () => Promise.resolve(0),
  };
  return commandTree(world, {}, commandsFor(program), () => {});
}

/** A command that does something, and the words that name it. */
export interface NamedCommand {
  words: string;
  command: Command;
}

/** The commands that do something and that help shows, in its order. */
export function listCommands(root: Command): NamedCommand[] {
  function below(command: Command, words: string[]): NamedCommand[] {
    const children = command.createHelp().visibleCommands(command);
    if (children.length === 0) return [{ words: words.join(" "), command }];
    return children.flatMap((child) => below(child as Command, [...words, child.name()]));
  }
  return below(root, []);
}
