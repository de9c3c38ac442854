import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { Runner } from "./runner.ts";

/** Makes a command, given the runner that will run it. */
export type CommandMaker = (run: Runner) => unknown;

/**
 * Gets a command's maker. The module of a command is read when it is asked for: reading those of
 * all would double the time a start takes.
 */
export type CommandLoader = () => Promise<CommandMaker>;

/** A noun with its verbs. */
export interface Noun {
  summary: string;
  verbs: Record<string, CommandLoader>;
}

/** Where a value is to be completed: of an option, or of an argument of the command. */
export interface ValuePlace {
  /** The command's words. */
  command: string;
  /** The option's long name. */
  option?: string;
  /** The arguments that stand before. */
  before: string[];
}

/** Where values are looked for. */
export interface ValueSources {
  platform(): Promise<PlatformWithAbilities>;
  namespaces(): Promise<string[]>;
  contexts(): Promise<string[]>;
  env: Record<string, string | undefined>;
  signal: AbortSignal;
}

/** The commands of a program. A key is a name, with a short one behind `|` where there is one. */
export interface CommandSet {
  description: string;
  nouns: Record<string, Noun>;
  /** The commands without a noun. */
  singles: Record<string, CommandLoader>;
  /** What may stand at a place, from what is there; may throw where nothing answers. */
  values?(place: ValuePlace, sources: ValueSources): Promise<string[]>;
}
