import type { AccessSurroundings } from "../access_server.ts";
import type { Environment } from "../config/home.ts";

/** What adding or changing a server needs of whoever asked for it. */
export interface Dialogue {
  readonly env: Environment;
  readonly signal: AbortSignal;
  /** True where somebody can answer: what is not given is asked for. */
  readonly isInteractive: boolean;
  /** True in a CI service, where a server without a url may be meant. */
  readonly isInCi: boolean;
  readonly ask: Asker;
  readonly surroundings: AccessSurroundings;
}

/** Asks a person. Where stdin ends before an answer, each throws `answer-missing`. */
export interface Asker {
  line(question: Question): Promise<string>;
  /** The same for what a terminal must not show. */
  secret(question: Question): Promise<string>;
  confirm(question: Question): Promise<boolean>;
  /** Which of the choices, by index; an empty line is the first. */
  choose(question: Question, choices: string[]): Promise<number>;
}

interface Question {
  text: string;
  /** The answer of an empty line. */
  standard?: string | undefined;
  /** The option that answers it on the command line. */
  option: string;
}
