import { within } from "../../../src/runtime/abortable.ts";
import { beginExchange, type HttpRequest } from "../../../src/network/http_exchange.ts";
import type { OpenAnswer } from "../../../src/network/open_answer.ts";
import type { ServerAgent } from "./server_agent.ts";

/** The code of the error of a server that takes too long. */
export const noAnswerCode = "ERR_NO_ANSWER";

/** How long the head of an answer, and then its body, may take, in milliseconds. */
const answerLimitMs = 30_000;

/**
 * A page of 500 of the largest objects etcd stores would not fit; real ones are a hundredth of
 * them.
 */
const maxBodyBytes = 128 * 1024 * 1024;

/**
 * Sends a request over a kept connection, and gives the answer once its head has come. Rejects as
 * `beginExchange`, with an error of code `noAnswerCode` after 30 seconds too.
 */
export function transmit(
  agent: ServerAgent,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<OpenAnswer> {
  return withinLimit((bounded) => beginExchange(agent, request, bounded), signal);
}

/** The whole body, of at most 128 MiB, as text. Rejects as `transmit`. */
export async function readBody(answer: OpenAnswer, signal: AbortSignal): Promise<string> {
  const body = await withinLimit((bounded) => answer.read(maxBodyBytes, bounded), signal);
  return body.toString("utf8");
}

function withinLimit<T>(
  run: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const message = `it did not answer within ${answerLimitMs / 1000} seconds`;
  const late = () => Object.assign(new Error(message), { code: noAnswerCode });
  return within(answerLimitMs, late, run, signal);
}
