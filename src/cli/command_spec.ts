import type { AppError } from "../errors/app_error.ts";
import type { CommandContext } from "./context.ts";

/** What the runner must know of a command beside its `run`. */
export interface CommandSpec<D> {
  /** The result as a person reads it; `""` prints nothing. */
  text(data: D, context: CommandContext): string | Promise<string>;
  /** The same with more columns, where -o is wide. */
  wide?(data: D, context: CommandContext): string | Promise<string>;
  /** What -o name prints, where the data are no resources; a list that is empty prints nothing. */
  names?(data: D): unknown[];
  /** Further texts that -o takes, by name. */
  drawings?: Record<string, (data: D) => string>;
  /** What -o json and yaml print, where that is less than all `run` returned. */
  data?(data: D): unknown;
  /** What `data` gives is for another program: nothing is added to it. */
  isManifest?: true;
  /** What `data` gives is as kubectl gives it: nothing is added to it. */
  isPlain?: true;
  /** The error to end with although there is a result to print: a check that found something. */
  failure?(data: D): AppError | undefined;
  /**
   * True where it goes on until it is told to end: only a --timeout that was given limits it, and
   * its end is none of an error.
   */
  follows?(options: Record<string, unknown>): boolean;
  /** How long it may go on once it is told to end, in milliseconds; ten seconds by default. */
  windDownMs?: number;
}
