import { Buffer } from "node:buffer";
import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
} from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { awaitEvents } from "../runtime/abortable.ts";
import { AnswerFault } from "./answer_fault.ts";
import { close, discard } from "./connection.ts";
import { brokenOff } from "./connection_fault.ts";
import { acceptedCodings } from "./content_coding.ts";
import { connectUntil } from "./keeping_agent.ts";
import { OpenAnswer } from "./open_answer.ts";
import { bareHost } from "./proxy.ts";

/** A request of HTTP/1.1. */
export interface HttpRequest {
  url: URL;
  method: string;
  headers: Record<string, string | string[]>;
  /** Whole, or as it comes; undefined for none. */
  body?: string | AsyncIterable<Uint8Array> | undefined;
  /** True if a proxy is asked for the whole url (RFC 9112 3.2.2). */
  asksProxy?: boolean;
  /** True if the answer is used as it comes: it is not to be compressed then. */
  isFollowed?: boolean;
}

/** A whole answer. */
export interface HttpAnswer {
  status: number;
  /** The reason phrase beside the status, which may be empty. */
  statusText: string;
  headers: IncomingHttpHeaders;
  /** Without its content coding. */
  body: Buffer;
}

/**
 * A connection of a request's own, which is closed after it, or the agent that keeps connections.
 */
export type Way = Socket | Agent;

/** No server has so much to say before its answer. */
const mostInterimAnswers = 64;

/**
 * One request and its whole answer, however the server behaves. Rejects with the system's or the
 * parser's error, ECONNRESET for an answer that was cut off, an AnswerFault for one that can't be
 * used (`maxBytes` counts before and after decompression), what the request's body throws, and the
 * signal's reason.
 */
export async function exchange(
  way: Way,
  request: HttpRequest,
  maxBytes: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const answer = await beginExchange(way, request, signal);
  const body = await answer.read(maxBytes, signal);
  const { status, statusText, headers } = answer;
  return { status, statusText, headers, body };
}

/**
 * Sends a request; gives the answer, to be read or closed, once its head has come. Rejects as
 * `exchange`.
 */
export async function beginExchange(
  way: Way,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<OpenAnswer> {
  const sending = { broken: undefined };
  let sent: ClientRequest | undefined;
  const giveUp = () => {
    sent?.destroy();
    const socket = way instanceof Agent ? sent?.socket : way;
    if (socket) discard(socket);
  };
  try {
    signal.throwIfAborted();
    sent = prepare(way, request, signal);
    const response = await send(sent, request.body, sending, signal);
    const finish = () => way instanceof Agent || close(way);
    return new OpenAnswer(response, sending, { finish, giveUp });
  } catch (error) {
    giveUp();
    throw error;
  }
}

function prepare(way: Way, request: HttpRequest, signal: AbortSignal): ClientRequest {
  const { url, method, body, asksProxy = false, isFollowed = false } = request;
  const isKept = way instanceof Agent;
  return httpRequest({
    // an agent, even none, would open a connection of its own
    ...(isKept
      ? { agent: way, host: bareHost(url), port: url.port || 443, ...connectUntil(signal) }
      : { createConnection: () => way }),
    method,
    path: `${asksProxy ? url.origin : ""}${url.pathname}${url.search}`,
    headers: {
      ...request.headers,
      host: url.host,
      ...(isKept ? {} : { connection: "close" }),
      ...(isFollowed ? {} : { "accept-encoding": acceptedCodings }),
      ...(typeof body === "string" ? { "content-length": Buffer.byteLength(body) } : {}),
    },
  });
}

/** What became of a body that is sent as it comes. */
interface Sending {
  /** Why it broke off; the connection goes with it, and either may be heard of first. */
  broken: { cause: unknown } | undefined;
}

function send(
  sent: ClientRequest,
  body: HttpRequest["body"],
  sending: Sending,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return awaitEvents(signal, (resolve, reject) => {
    let interimAnswers = 0;
    const fail = (error: unknown) => reject(sending.broken?.cause ?? error);
    sent.on("error", fail); // stays: one that comes after the answer must not go unhandled
    sent.once("close", () => fail(brokenOff()));
    sent.once("response", resolve);
    sent.once("upgrade", (_response, socket) => {
      socket.destroy();
      fail(new AnswerFault("it switches to another protocol, which it was not asked to"));
    });
    sent.on("information", () => {
      if (++interimAnswers <= mostInterimAnswers) return;
      fail(new AnswerFault(`it does not come after ${mostInterimAnswers} interim answers`));
    });
    if (body === undefined || typeof body === "string") sent.end(body);
    else pipeline(Readable.from(noting(body, sending)), sent).catch(fail);
    return () => {};
  });
}

/** The same chunks; `sending` hears first of what they end with, if they break off. */
async function* noting(
  chunks: AsyncIterable<Uint8Array>,
  sending: Sending,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (cause) {
    sending.broken = { cause };
    throw cause;
  }
}
