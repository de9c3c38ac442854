import type { Socket } from "node:net";
import { appError, isAppError } from "../../errors/app_error.ts";
import { openTcp, withinConnectLimit } from "../../network/connection.ts";
import {
  blameProxy,
  codeOf,
  describeConnectionError,
  failedProxy,
  isCertificateRefused,
} from "../../network/connection_fault.ts";
import { bareHost } from "../../network/proxy.ts";
import { openThrough } from "../../network/proxy_connection.ts";
import { secure } from "../../network/tls.ts";
import type { AccessServer, AccessSurroundings } from "../access_server.ts";
import { trustedCertificates } from "../config/home.ts";
import { trustedRoots } from "./trusted_roots.ts";

/** What may pass by itself: the others need someone to act, or took their ten seconds already. */
const passing = ["ECONNREFUSED", "EAI_AGAIN", "ECONNRESET", "EPIPE", "EHOSTUNREACH", "ENETUNREACH"];

/** True for an `unreachable` of `openConnection` that another try may not get. */
export function mayPass(error: unknown): boolean {
  return isAppError(error, "unreachable") && passing.includes(codeOf(error.cause));
}

/**
 * A connection to the server of `url`, through `proxy` if one is given: TLS 1.2 or newer for https,
 * with the client certificate the server is to see. `connected` hears of it before TLS begins.
 * Throws `unreachable`, `tls-failed`, what `trustedRoots` and `readClientCertificate` throw, and
 * the signal's reason. Nothing is sent then.
 */
export async function openConnection(
  url: URL,
  proxy: URL | undefined,
  server: AccessServer,
  surroundings: AccessSurroundings,
  signal: AbortSignal,
  connected: () => void = () => {},
): Promise<Socket> {
  const open = url.protocol === "http:"
    ? openPlain
    : await prepareSecure(server, surroundings, signal, connected);
  try {
    const socket = await withinConnectLimit((bounded) => open(url, proxy, bounded), signal);
    if (url.protocol === "http:") connected();
    return socket;
  } catch (error) {
    signal.throwIfAborted();
    throw explainFault(error, url, surroundings);
  }
}

type Open = (url: URL, proxy: URL | undefined, signal: AbortSignal) => Promise<Socket>;

/** An http proxy is not tunnelled through but asked for the whole url. */
export function isAskedForUrl(proxy: URL | undefined, url: URL): proxy is URL {
  return proxy?.protocol === "http:" && url.protocol === "http:";
}

async function openPlain(
  url: URL,
  proxy: URL | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  if (proxy === undefined) return await openTcp(bareHost(url), Number(url.port || 80), signal);
  if (!isAskedForUrl(proxy, url)) {
    return await openThrough(proxy, bareHost(url), Number(url.port || 80), signal);
  }
  try {
    return await openTcp(bareHost(proxy), Number(proxy.port || 80), signal);
  } catch (error) {
    throw blameProxy(error, proxy);
  }
}

async function prepareSecure(
  server: AccessServer,
  surroundings: AccessSurroundings,
  signal: AbortSignal,
  connected: () => void,
): Promise<Open> {
  const { clientCertificate } = server;
  const certificate = clientCertificate === undefined
    ? {}
    : await (await import("../client_certificate.ts"))
      .readClientCertificate(clientCertificate, surroundings.now(), signal);
  const trust = server.insecureTls
    ? { rejectUnauthorized: false }
    : { ca: trustedRoots(surroundings.home, surroundings.env) };
  const options = { ...trust, ...certificate, minVersion: "TLSv1.2" } as const;
  return async (url, proxy, bounded) => {
    const host = bareHost(url);
    const port = Number(url.port || 443);
    const socket = proxy === undefined
      ? await openTcp(host, port, bounded)
      : await openThrough(proxy, host, port, bounded, trust.ca);
    connected();
    return await secure(socket, host, options, bounded);
  };
}

function explainFault(
  error: unknown,
  url: URL,
  { home }: AccessSurroundings,
) {
  const data = { url: url.origin };
  const options = { cause: error };
  if (codeOf(error) === "ERR_BORINGSSL") {
    const why = "a file of authorities that the environment names has a broken certificate in it";
    const hint = "See SSL_CERT_FILE, SSL_CERT_DIR and NODE_EXTRA_CA_CERTS.";
    return appError("tls-failed", { ...data, why, hint }, options);
  }
  const { tls, why } = describeConnectionError(error, bareHost(url));
  if (!tls) return appError("unreachable", { ...data, why }, options);
  const code = codeOf(error);
  if (code === "CERT_HAS_EXPIRED") {
    const hint = "Its owner must renew it; --insecure-tls does without the check.";
    return appError(
      "tls-failed",
      { ...data, why: failedProxy(error) ? why : "a certificate of it has expired", hint },
      options,
    );
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return appError("tls-failed", { ...data, why }, options);
  }
  const hint = `Put the certificate of its authority (PEM) into ${trustedCertificates(home)}, ` +
    "or name it in SSL_CERT_FILE; --insecure-tls does without the check.";
  return appError(
    "tls-failed",
    { ...data, why, ...(isCertificateRefused(error) ? { hint } : {}) },
    options,
  );
}
