import { Buffer } from "node:buffer";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { bareHost } from "../../../src/runtime/proxy.ts";
import { abortable } from "../../../src/runtime/abortable.ts";
import type { ServerAgent } from "./server_agent.ts";

/** A request, and the agent of its server. */
export interface HttpRequest {
  agent: ServerAgent;
  url: URL;
  method: string;
  headers: Record<string, string | string[]>;
  body?: string;
}

/** An answer whose head has come. */
export interface Answer {
  status: number;
  response: IncomingMessage;
  /** Gives the connection up, unless the answer was read to its end. */
  close(): void;
}

/** The code of the error of a server that takes too long. */
export const noAnswerCode = "ERR_NO_ANSWER";

/** How long the head of an answer, and then its body, may take, in milliseconds. */
const answerLimitMs = 30_000;

/** A page of 500 of the largest objects etcd stores would not fit; real ones are a hundredth of them. */
const maxBodyBytes = 128 * 1024 * 1024;

/**
 * Sends a request over a kept connection. Rejects with the system's error, one of code `noAnswerCode`
 * after 30 seconds, or the signal's reason.
 */
export async function transmit(request: HttpRequest, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const { agent, url, method, body } = request;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = httpRequest({
    agent,
    host: bareHost(url),
    port: url.port || 443,
    method,
    path: url.pathname + url.search,
    headers: {
      ...request.headers,
      host: url.host,
      ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
    },
  }, resolve);
  sent.on("error", reject); // stays: one that comes after the answer must not go unhandled
  sent.end(body);
  try {
    const response = await withinLimit(promise, signal);
    response.on("error", () => {}); // whoever reads the body learns of it too
    const close = () => void (response.complete || sent.destroy());
    return { status: response.statusCode ?? 0, response, close };
  } catch (error) {
    sent.destroy();
    throw error;
  }
}

/**
 * The whole body. Rejects with the system's error, a RangeError beyond 128 MiB, an error of code
 * `noAnswerCode` after 30 seconds, or the signal's reason.
 */
export async function readBody(answer: Answer, signal: AbortSignal): Promise<string> {
  try {
    return await withinLimit(readAll(answer.response), signal);
  } finally {
    answer.close();
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new RangeError("it is larger than 128 MiB");
    chunks.push(chunk);
  }
  if (!response.complete) throw Object.assign(new Error("cut off"), { code: "ECONNRESET" });
  return Buffer.concat(chunks).toString("utf8");
}

async function withinLimit<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const limit = setTimeout(() => {
    const message = `it did not answer within ${answerLimitMs / 1000} seconds`;
    reject(Object.assign(new Error(message), { code: noAnswerCode }));
  }, answerLimitMs);
  try {
    return await abortable(Promise.race([late, promise]), signal);
  } finally {
    clearTimeout(limit);
  }
}
