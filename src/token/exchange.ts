import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { appError, isAppError } from "../errors/app_error.ts";
import type { Now } from "../runtime/clock.ts";
import { exchangeOver, type HttpAnswer, tooLargeCode } from "../runtime/http_exchange.ts";
import { bareHost, chooseProxy } from "../runtime/proxy.ts";
import { openThrough } from "../runtime/proxy_connection.ts";
import { explainRefusedCertificate } from "./refused_certificate.ts";
import {
  codeOf,
  describeConnectionError,
  failedProxy,
  isCertificateRefused,
  openTcp,
  secure,
  withinConnectLimit,
} from "../runtime/secure_connection.ts";

/** A request to a grant service. */
export interface GrantRequest {
  url: string;
  /** PEM: the one authority that is trusted. */
  ca: string;
  method: "GET" | "POST";
  headers: Record<string, string>;
  body: string;
}

/** How requests get out of this machine. */
export interface RedeemSurroundings {
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
  surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const socket = await open(request, surroundings, signal);
  try {
    const sent = { ...request, url: new URL(request.url) };
    return await exchangeOver(socket, sent, maxAnswerBytes, signal);
  } catch (error) {
    signal.throwIfAborted();
    const { url } = request;
    const code = codeOf(error);
    if (code === tooLargeCode) {
      throw appError("answer-invalid", { url, why: "it is larger than 256 KiB" });
    }
    if (code.startsWith("HPE_")) {
      throw appError("answer-invalid", { url, why: "it is not HTTP" }, { cause: error });
    }
    const why = "the connection broke before its answer was complete";
    throw appError("unreachable", { url, why }, { cause: error });
  }
}

async function open(
  request: GrantRequest,
  surroundings: RedeemSurroundings,
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
    if (isCertificateRefused(error) && failedProxy(error) === undefined) {
      const fetch = () =>
        withinConnectLimit((bounded) => fetchCertificate(url, surroundings, bounded), signal);
      const found = await explainRefusedCertificate(fetch, request.ca, surroundings.now());
      throw appError("tls-failed", { ...data, ...found }, { cause: error });
    }
    const { tls, why } = describeConnectionError(error, host);
    throw appError(tls ? "tls-failed" : "unreachable", { ...data, why }, { cause: error });
  }
}

function connect(url: URL, { env }: RedeemSurroundings, signal: AbortSignal): Promise<Socket> {
  const port = Number(url.port || 443);
  const proxy = chooseProxy(url, env);
  return proxy === undefined
    ? openTcp(bareHost(url), port, signal)
    : openThrough(proxy, bareHost(url), port, signal);
}

/** The server's certificate, believed or not; nothing is sent to the server. */
async function fetchCertificate(
  url: URL,
  surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const socket = await connect(url, surroundings, signal);
  const secured = await secure(socket, bareHost(url), { rejectUnauthorized: false }, signal);
  const { raw } = secured.getPeerCertificate();
  secured.destroy();
  return raw;
}
