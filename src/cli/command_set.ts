import type { Runner } from "./runner.ts";

/** Makes a command, given the runner that will run it. */
export type CommandMaker = (run: Runner) => unknown;

/** A noun with its verbs. */
export interface Noun {
  summary: string;
  verbs: Record<string, CommandMaker>;
}

/** The commands of a program. A key is a name, with a short one behind `|` where there is one. */
export interface CommandSet {
  description: string;
  nouns: Record<string, Noun>;
  /** The commands without a noun. */
  singles: Record<string, CommandMaker>;
}
