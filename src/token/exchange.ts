import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { appError, isAppError } from "../errors/app_error.ts";
import type { Now } from "../runtime/clock.ts";
import { brokeBefore, faultOf } from "../network/answer_fault.ts";
import { openTcp, withinConnectLimit } from "../network/connection.ts";
import {
  describeConnectionError,
  failedProxy,
  isCertificateRefused,
} from "../network/connection_fault.ts";
import { exchange, type HttpAnswer } from "../network/http_exchange.ts";
import { bareHost, chooseProxy } from "../network/proxy.ts";
import { openThrough } from "../network/proxy_connection.ts";
import { fetchCertificates, secure } from "../network/tls.ts";
import { systemAuthorities } from "../pki/system_authorities.ts";
import { explainRefusedCertificate } from "./refused_certificate.ts";

/** A request to a grant service. */
export interface GrantRequest {
  url: string;
  /** PEM: the authorities that are trusted, and no others; empty: those of this system. */
  ca: string;
  method: "GET" | "POST";
  headers: Record<string, string>;
  body: string;
}

/** How requests get out of this machine. */
export interface RedeemSurroundings {
  /** Where HTTPS_PROXY, NO_PROXY and the system's authorities are read from. */
  env: Record<string, string | undefined>;
  now: Now;
}

/** No honest answer comes near. */
const maxAnswerBytes = 256 * 1024;

/**
 * One request over one connection: HTTP/1.1, TLS 1.3, trusting the request's `ca`, through the
 * proxy if there is one, no redirects. Throws `unreachable`, `tls-failed` (the system's error in
 * `cause`), `answer-invalid` beyond 256 KiB, and the signal's reason.
 */
export async function askGrantService(
  request: GrantRequest,
  surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const socket = await open(request, surroundings, signal);
  try {
    const sent = { ...request, url: new URL(request.url) };
    return await exchange(socket, sent, maxAnswerBytes, signal);
  } catch (error) {
    signal.throwIfAborted();
    const { url } = request;
    const fault = faultOf(error);
    throw fault === undefined
      ? appError("unreachable", { url, why: brokeBefore("its answer") }, { cause: error })
      : appError("answer-invalid", { url, why: fault }, { cause: error });
  }
}

async function open(
  request: GrantRequest,
  surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const url = new URL(request.url);
  const host = bareHost(url);
  const ca = request.ca === "" ? systemAuthorities(surroundings.env) : [request.ca];
  // what a token pins may be an authority below another one
  const options = { ca, minVersion: "TLSv1.3", allowPartialTrustChain: true } as const;
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
        withinConnectLimit(
          async (bounded) =>
            await fetchCertificates(await connect(url, surroundings, bounded), host, bounded),
          signal,
        );
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
