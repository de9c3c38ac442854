import { discard, hearFirst, openTcp } from "../../network/connection.ts";
import { codeOf } from "../../network/connection_fault.ts";
import { bareHost } from "../../network/proxy.ts";
import { fetchCertificates } from "../../network/tls.ts";
import { type AppError, appError } from "../../errors/app_error.ts";
import { within } from "../../runtime/abortable.ts";
import type { AccessServer, AccessSurroundings } from "../access_server.ts";
import { openConnection } from "./connection.ts";

/** How long a server may take to say what it holds against a connection, in milliseconds. */
const silenceMs = 500;
const probeLimitMs = 3000;

/** True for the error of a server that ended TLS with an alert. */
export function isAlert(error: unknown): boolean {
  return /^ERR_SSL_.*ALERT/.test(codeOf(error));
}

/**
 * Why a server reads no request at all, found by connecting anew and asking for nothing: it speaks
 * TLS where http was asked for, or wants a client certificate (what it says of that a reset may
 * have overtaken the first time, when a request was on its way). A `tls-failed`, or the alert's
 * error; undefined where it seems to listen, so that nobody knows what became of the request.
 */
export async function findRefusal(
  url: URL,
  proxy: URL | undefined,
  server: AccessServer,
  surroundings: AccessSurroundings,
  signal: AbortSignal,
): Promise<AppError | Error | undefined> {
  if (url.protocol === "http:" && proxy !== undefined) return undefined;
  const late = () => new Error("the server takes too long to be probed");
  try {
    return await within(
      probeLimitMs,
      late,
      (bounded) =>
        url.protocol === "http:"
          ? speaksTls(url, bounded)
          : refusesAfterwards(url, proxy, server, surroundings, bounded),
      signal,
    );
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

async function speaksTls(url: URL, signal: AbortSignal): Promise<AppError> {
  const host = bareHost(url);
  await fetchCertificates(await openTcp(host, Number(url.port || 80), signal), host, signal);
  const why = "it speaks TLS, and was asked by http";
  return appError("tls-failed", { url: url.origin, why, hint: "Its url begins with https://." });
}

async function refusesAfterwards(
  ...[url, proxy, server, surroundings, signal]: Parameters<typeof openConnection>
): Promise<Error | undefined> {
  const socket = await openConnection(url, proxy, server, surroundings, signal);
  try {
    await hearFirst(socket, new Uint8Array(), silenceMs, signal);
    return undefined;
  } catch (error) {
    return isAlert(error) ? error as Error : undefined;
  } finally {
    discard(socket);
  }
}
