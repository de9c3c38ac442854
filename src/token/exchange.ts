import { Buffer } from "node:buffer";
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { appError, isAppError } from "../errors/app_error.ts";
import type { Now } from "../runtime/clock.ts";
import { bareHost, chooseProxy, openTunnel } from "../runtime/proxy.ts";
import { explainRefusedCertificate } from "./refused_certificate.ts";
import {
  codeOf,
  describeConnectionError,
  isCertificateRefused,
  openTcp,
  secure,
  withinConnectLimit,
} from "./secure_connection.ts";

/** A request to a grant service. */
export interface GrantRequest {
  url: string;
  /** PEM: the one authority that is trusted. */
  ca: string;
  method: "GET" | "POST";
  headers: Record<string, string>;
  body: string;
}

/** What a grant service answered. */
export interface GrantAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** How requests get out of this machine. */
export interface Surroundings {
  /** Where HTTPS_PROXY and NO_PROXY are read from. */
  env: Record<string, string | undefined>;
  now: Now;
}

/** No honest answer comes near. */
const maxAnswerBytes = 256 * 1024;

/**
 * One request over one connection: HTTP/1.1, TLS 1.3, trusting the request's `ca` alone, through the
 * proxy if there is one, no redirects. Throws `unreachable`, `tls-failed` (the system's error in `cause`),
 * `answer-invalid` beyond 256 KiB, and the signal's reason.
 */
export async function exchange(
  request: GrantRequest,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<GrantAnswer> {
  const socket = await open(request, surroundings, signal);
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const response = await send(request, socket);
    const body = await readBody(response, request.url);
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  } catch (error) {
    signal.throwIfAborted();
    if (isAppError(error)) throw error;
    if (codeOf(error).startsWith("HPE_")) {
      throw appError("answer-invalid", { url: request.url, why: "it is not HTTP" }, {
        cause: error,
      });
    }
    const why = "the connection broke before its answer was complete";
    throw appError("unreachable", { url: request.url, why }, { cause: error });
  } finally {
    signal.removeEventListener("abort", stop);
    socket.end();
  }
}

async function open(
  request: GrantRequest,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const url = new URL(request.url);
  const host = bareHost(url);
  const options = { ca: request.ca, minVersion: "TLSv1.3" } as const;
  try {
    return await withinConnectLimit(
      async (bounded) =>
        await secure(await connect(url, surroundings, bounded), host, options, bounded),
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (isAppError(error)) throw error;
    const data = { url: request.url };
    if (isCertificateRefused(error)) {
      const fetch = () =>
        withinConnectLimit((bounded) => fetchCertificate(url, surroundings, bounded), signal);
      const found = await explainRefusedCertificate(fetch, request.ca, surroundings.now());
      throw appError("tls-failed", { ...data, ...found }, { cause: error });
    }
    const { tls, why } = describeConnectionError(error, host);
    throw appError(tls ? "tls-failed" : "unreachable", { ...data, why }, { cause: error });
  }
}

function connect(url: URL, { env }: Surroundings, signal: AbortSignal): Promise<Socket> {
  const port = Number(url.port || 443);
  const proxy = chooseProxy(url, env);
  return proxy === undefined
    ? openTcp(bareHost(url), port, signal)
    : openTunnel(proxy, bareHost(url), port, signal);
}

/** The server's certificate, believed or not; nothing is sent to the server. */
async function fetchCertificate(
  url: URL,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const socket = await connect(url, surroundings, signal);
  const secured = await secure(socket, bareHost(url), { rejectUnauthorized: false }, signal);
  const { raw } = secured.getPeerCertificate();
  secured.destroy();
  return raw;
}

function send(request: GrantRequest, socket: TLSSocket): Promise<IncomingMessage> {
  const url = new URL(request.url);
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      // an agent, even none, would open a connection of its own
      createConnection: () => socket,
      method: request.method,
      path: url.pathname + url.search,
      headers: {
        ...request.headers,
        host: url.host,
        connection: "close",
        "content-length": Buffer.byteLength(request.body),
      },
    }, resolve);
    sent.on("error", reject);
    sent.end(request.body);
  });
}

async function readBody(response: IncomingMessage, url: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > maxAnswerBytes) {
      throw appError("answer-invalid", { url, why: "it is larger than 256 KiB" });
    }
    chunks.push(chunk);
  }
  if (!response.complete) throw Object.assign(new Error("cut off"), { code: "ECONNRESET" });
  return Buffer.concat(chunks);
}
