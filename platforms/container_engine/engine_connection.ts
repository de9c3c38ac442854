import { appError } from "../../src/errors/app_error.ts";
import { openUnix } from "../../src/network/connection.ts";
import { exchange, type HttpAnswer } from "../../src/network/http_exchange.ts";
import { within } from "../../src/runtime/abortable.ts";
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

const standardLimitMs = 30_000;

/** More than any answer that is asked for here. */
const maxAnswerBytes = 4 * 1024 * 1024;

/**
 * Sends a request over the engine's unix socket and reads the answer, whatever its status. Throws
 * `engine-unreachable`, `engine-forbidden`, `engine-lost`, `engine-invalid`, and the signal's
 * reason.
 */
export async function askEngine(
  socket: string,
  asked: EngineRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const limitMs = asked.limitMs ?? standardLimitMs;
  const late = new Error("late");
  try {
    return await within(limitMs, () => late, (bounded) => send(socket, asked, bounded), signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error === late) {
      const why = `it did not answer within ${limitMs / 1000} seconds`;
      throw appError("engine-unreachable", { socket, why, hint: undefined }, { cause: error });
    }
    throw await explainConnectionError(socket, error, `${asked.method} ${asked.path}`);
  }
}

async function send(
  socketPath: string,
  { method, path, query, json, archive }: EngineRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const headers: Record<string, string> = {};
  if (json !== undefined) headers["content-type"] = "application/json";
  if (archive !== undefined) headers["content-type"] = "application/x-tar";
  const body = json === undefined ? archive : JSON.stringify(json);
  const url = new URL(`http://localhost${path}${queryText(query)}`);
  const socket = await openUnix(socketPath, signal);
  return await exchange(socket, { url, method, headers, body }, maxAnswerBytes, signal);
}

function queryText(query: Record<string, string | string[]> = {}): string {
  const pairs = Object.entries(query)
    .flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}
