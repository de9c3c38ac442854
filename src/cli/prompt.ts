import type { LineQuestion } from "./line_reader.ts";
import { appError } from "../errors/app_error.ts";
import { escapeControls } from "./printable.ts";

/** What a person is asked. */
export interface Question {
  text: string;
  /** The answer of an empty line; "" where none is given. */
  standard?: string | undefined;
  /** The option that answers it on the command line. */
  option: string;
}

/** Asks a person. Where stdin ends before an answer, each throws `answer-missing`. */
export interface Prompter {
  line(question: Question): Promise<string>;
  /** The same for what a terminal must not show. */
  secret(question: Question): Promise<string>;
  /** Yes or no; who ends a terminal's input says no. */
  confirm(question: Question): Promise<boolean>;
  /** Which of the choices, by index; an empty line is the first. */
  choose(question: Question, choices: string[]): Promise<number>;
}

/**
 * A prompter that writes with `write` and reads a line with `read`. `isTerminal` tells whether a
 * person types; that person sees the end of a hidden line only if we write it. The words are jf's
 * (docs/spec/jfrog.md 2.3, 4.1).
 */
export function createPrompter(
  write: (text: string) => Promise<void>,
  read: (question: LineQuestion) => Promise<string | undefined>,
  isTerminal: () => boolean,
): Prompter {
  async function readAndEnd(isHidden: boolean, shown: string): Promise<string | undefined> {
    let answer: string | undefined;
    try {
      return answer = await read({ isHidden, ask: () => write(shown) });
    } finally {
      if (isHidden || answer === undefined || !isTerminal()) await write("\n");
    }
  }

  async function ask(question: Question, isHidden: boolean): Promise<string> {
    const { text, standard, option } = question;
    const shown = standard ? `${text} [${standard}]: ` : `${text}: `;
    const answer = await readAndEnd(isHidden, shown);
    if (answer === undefined) throw appError("answer-missing", { question: text, option });
    return answer.trim() || (standard ?? "");
  }

  return {
    line: (question) => ask(question, false),
    secret: (question) => ask(question, true),
    async confirm({ text, option }) {
      for (;;) {
        const answer = await readAndEnd(false, `${text} (y/n) [n]? `);
        if (answer === undefined && !isTerminal()) {
          throw appError("answer-missing", { question: text, option });
        }
        if (answer === undefined || /^\s*(n|no)?\s*$/i.test(answer)) return false;
        if (/^\s*(y|yes)\s*$/i.test(answer)) return true;
        await write("Please enter a valid option.\n");
      }
    },
    async choose(question, choices) {
      await write(
        `${question.text}\n${
          choices.map((choice, i) => `  ${i + 1}) ${escapeControls(choice)}\n`).join("")
        }`,
      );
      for (;;) {
        const answer = await ask({ ...question, text: "Number", standard: "1" }, false);
        const index = Number(answer) - 1;
        if (choices[index] !== undefined) return index;
        await write(`Please enter a number from 1 to ${choices.length}.\n`);
      }
    },
  };
}
