import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { appError } from "../../src/errors/app_error.ts";
import { explainConnectionError } from "./connection_error.ts";

/** One request to an engine. */
export interface EngineRequest {
  method: "GET" | "POST" | "DELETE";
  path: string;
  query?: Record<string, string | string[]>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as a tar archive, as it comes. */
  archive?: AsyncIterable<Uint8Array>;
  /** How long the engine may take; half a minute by default. */
  limitMs?: number;
}

export interface EngineAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const standardLimitMs = 30_000;

/** More than any answer that is asked for here. */
const maxAnswerBytes = 4 * 1024 * 1024;

/**
 * Sends a request over the engine's unix socket and reads the answer, whatever its status. Throws
 * `engine-unreachable`, `engine-forbidden`, `engine-lost`, `engine-invalid`, and the signal's reason.
 */
export async function exchange(
  socket: string,
  asked: EngineRequest,
  signal: AbortSignal,
): Promise<EngineAnswer> {
  signal.throwIfAborted();
  const limitMs = asked.limitMs ?? standardLimitMs;
  const limit = AbortSignal.timeout(limitMs);
  try {
    return await send(socket, asked, AbortSignal.any([signal, limit]));
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) {
      const why = `it did not answer within ${limitMs / 1000} seconds`;
      throw appError("engine-unreachable", { socket, why, hint: undefined }, { cause: error });
    }
    throw await explainConnectionError(socket, error, `${asked.method} ${asked.path}`);
  }
}

function send(
  socketPath: string,
  { method, path, query, json, archive }: EngineRequest,
  signal: AbortSignal,
): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { host: "localhost" };
    if (json !== undefined) headers["content-type"] = "application/json";
    if (archive !== undefined) headers["content-type"] = "application/x-tar";
    let broken: { cause: unknown } | undefined;
    // an archive that breaks off takes the connection with it, and either may be heard of first
    const fail = (error: unknown) => reject(broken === undefined ? error : broken.cause);
    const outgoing = request(
      { socketPath, method, path: path + queryText(query), headers, agent: false, signal },
      (incoming) => void readAnswer(socketPath, incoming).then(resolve, fail),
    );
    outgoing.on("error", fail);
    if (archive === undefined) {
      outgoing.end(json === undefined ? undefined : JSON.stringify(json));
      return;
    }
    const source = onFailure(archive, (cause) => broken = { cause });
    pipeline(Readable.from(source), outgoing).catch(fail);
  });
}

/** The same chunks; `note` hears first of what they end with, if they break off. */
async function* onFailure(
  chunks: AsyncIterable<Uint8Array>,
  note: (cause: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (cause) {
    note(cause);
    throw cause;
  }
}

function queryText(query: Record<string, string | string[]> = {}): string {
  const pairs = Object.entries(query)
    .flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}

async function readAnswer(socket: string, incoming: IncomingMessage): Promise<EngineAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxAnswerBytes) {
      throw appError("engine-invalid", { socket, why: "its answer is too large" });
    }
  }
  const { headers } = incoming;
  return { status: incoming.statusCode!, headers, body: Buffer.concat(chunks) };
}
