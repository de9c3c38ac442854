import type { Say } from "../errors/entry.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { PlatformName } from "../platform/name.ts";
import type { Kind } from "../resources/kinds.ts";
import type { Deadline } from "../wait/deadline.ts";
import type { Prompter } from "./prompt.ts";
import type { SecretNames, SecretSink } from "./secret_sink.ts";
import type { Sink } from "./sink.ts";

/** What a command's `run` receives: everything it may touch of the outside. */
export interface CommandContext {
  readonly deadline: Deadline;
  /** The deadline's signal: every call that can wait gets it. */
  readonly signal: AbortSignal;
  readonly say: Say;
  readonly env: Record<string, string | undefined>;
  /** The namespace that -n names, if it does. */
  readonly namespace: string | undefined;
  /** What --quiet says, if it is given. */
  readonly quiet: boolean | undefined;
  /** The platform in force with its namespace; opened at the first call. */
  platform(): Promise<PlatformWithAbilities>;
  /** The platform in force in another namespace than -n names; opened at each call. */
  platformIn(namespace: string): Promise<PlatformWithAbilities>;
  /**
   * Writes a result to stdout, in the format asked for, before the command goes on. Rejects with
   * `not-writable` if nobody takes it, so that the command can undo what the result stands for.
   */
  deliver(data: unknown, text: string): Promise<void>;
  /**
   * Opens the place that --to names, and so finds out before anything is made whether it can take a
   * secret. Throws `usage` and `not-writable`.
   */
  openSink(to: Sink, names: SecretNames): Promise<SecretSink>;
  /**
   * Throws `secret-in-sight` where a result on stdout would be seen: before a secret is made that
   * nobody has asked to `--reveal`. `what` is the secret.
   */
  refuseInSight(what: string): void;
  /**
   * Records the command that takes back what was just made on the platform, if it was on one, for
   * whoever asks by HAWSER_UNDO_FILE. Throws `not-writable`.
   */
  recordUndo(words: string, platform?: { name: PlatformName; namespace: string }): void;
  /**
   * A line of the result on stdout as soon as it is known. Where -o is json or yaml it is the data,
   * one object a line or one document each; nothing where there are none. A command that follows
   * changes is told by `not-writable` that nobody reads them any more.
   */
  tell(line: string, data?: unknown): Promise<void>;
  /** The kinds that a command is about which takes any: a refusal tells all that it lacks then. */
  concern(...kinds: Kind[]): void;
  /** Where the command stands, for a person who waits: stderr, and nothing where -o is json. */
  progress(text: string): void;
  /**
   * What is done for good, in a sentence, and the words of a command that goes on from there: told
   * if the command ends before its end.
   */
  done(sentence: string, resume?: string): void;
  /** What the user should know but did not ask for: stderr. */
  warn(text: string): void;
  /** What the user was warned of so far. */
  readonly warned: readonly string[];
  /** What to do next, where the result alone does not say it: stderr, text format only. */
  note(text: string): void;
  /** An explanation for users who ask with --verbose: stderr. */
  detail(text: string): void;
  /** One line for whoever collects the log of a service: stderr as it is. */
  log(line: string): void;
  /** The bytes of stdin, where a file named `-` was given. */
  stdin(maxBytes: number): Promise<Uint8Array>;
  /** True if a person would have to type what is read from stdin. */
  readonly stdinIsTerminal: boolean;
  /** Asks on stderr and takes the answers from stdin, a terminal or not. */
  readonly ask: Prompter;
}
