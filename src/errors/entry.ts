import type { ExitName } from "./exit_code.ts";

/** How the running program names itself in a hint: its name as called, and the options in force. */
export interface Say {
  /** The name the executable was called by: hawser, or skupper through a symlink. */
  program: string;
  /** A whole command to paste: program name, the given words, and -n, -p … as they were given. */
  command(words: string): string;
  /** The same without -n, for what concerns every namespace. */
  commandForAll(words: string): string;
}

/** One error of the catalog: its exit code, wording and remedy. Data never holds a secret. */
export interface Entry<D> {
  exit: ExitName;
  /** Whether it may succeed when simply run again; by default as its exit code says. */
  retry?: boolean;
  message(data: D): string;
  hint?(data: D, say: Say): string | undefined;
}

/** Gives an entry the type of its data. */
export function entry<D>(e: Entry<D>): Entry<D> {
  return e;
}
