import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { bareHost } from "../../src/runtime/proxy.ts";
import { abortable } from "./abortable.ts";
import { type ApiRequest, methodOf, pathOf } from "./api_request.ts";
import type { AccessOptions, ServerAccess } from "./client.ts";

/** An answer whose head has come. */
export interface Answer {
  status: number;
  response: IncomingMessage;
  /** What the request was sent with. */
  options: AccessOptions;
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
 * after 30 seconds, what `ServerAccess.options` throws, or the signal's reason.
 */
export async function transmit(
  access: ServerAccess,
  request: ApiRequest,
  userAgent: string,
  signal: AbortSignal,
): Promise<Answer> {
  const options = await access.options(signal);
  const { server } = access;
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = httpsRequest({
    ...options,
    host: bareHost(server),
    port: server.port || 443,
    method: methodOf(request),
    path: server.pathname.replace(/\/$/, "") + pathOf(request),
    headers: {
      ...options.headers,
      accept: "application/json",
      "user-agent": userAgent,
      ...(body === undefined ? {} : {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      }),
    },
  }, resolve);
  sent.on("error", reject); // stays: one that comes after the answer must not go unhandled
  sent.end(body);
  try {
    const response = await withinLimit(promise, signal);
    response.on("error", () => {}); // whoever reads the body learns of it too
    const close = () => void (response.complete || sent.destroy());
    return { status: response.statusCode ?? 0, response, options, close };
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
