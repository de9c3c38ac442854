import { codeOf } from "./connection_fault.ts";

/** What is wrong with an answer: the end of a sentence that begins with the answer. */
export class AnswerFault extends Error {}

/** An answer of more bytes than allowed. */
export function tooLarge(maxBytes: number): AnswerFault {
  const kib = maxBytes / 1024;
  return new AnswerFault(`it is larger than ${kib > 1024 ? `${kib / 1024} MiB` : `${kib} KiB`}`);
}

/**
 * What is wrong with an answer that could not be read; undefined where the connection broke
 * instead.
 */
export function faultOf(error: unknown): string | undefined {
  if (error instanceof AnswerFault) return error.message;
  return codeOf(error).startsWith("HPE_") ? "it is not HTTP" : undefined; // of the runtimes' parser
}

/** What a connection that broke did to an answer, which is called `what`. */
export function brokeBefore(what: "it" | "its answer"): string {
  return `the connection broke before ${what} was complete`;
}
