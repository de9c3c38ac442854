import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";

/** A failed connection, in words; `tls` tells a server that can't be trusted from one that can't be reached. */
export interface ConnectionFailure {
  tls: boolean;
  why: string;
}

/** How long a connection may take to come about, in milliseconds. */
const connectLimitMs = 10_000;

/** Runs `connect` with a signal that also aborts, as a system's ETIMEDOUT, after ten seconds. */
export async function withinConnectLimit<T>(
  connect: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(Object.assign(new Error("timed out"), { code: "ETIMEDOUT" }));
  }, connectLimitMs);
  try {
    return await connect(AbortSignal.any([signal, limit.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** A TCP connection. Rejects with the system's error or the signal's reason. */
export function openTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connect({ host, port });
  return opened(socket, "connect", signal);
}

/**
 * TLS over a connection, trusting `ca` alone, with a server that is `host`. Rejects with the TLS
 * library's error or the signal's reason; the connection is closed then.
 */
export function secure(
  socket: Socket,
  host: string,
  options: Pick<ConnectionOptions, "ca" | "cert" | "key" | "minVersion" | "rejectUnauthorized">,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const servername = isIP(host) ? {} : { servername: host };
  // `host` is what the certificate is compared with; the explicit refusal beats the environment's wish
  const secured = connectTls({ rejectUnauthorized: true, ...options, ...servername, socket, host });
  return opened(secured, "secureConnect", signal);
}

function opened<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  return new Promise((resolve, reject) => {
    const stop = () => fail(signal.reason);
    const closed = () => fail(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    function fail(reason: unknown) {
      settle();
      socket.on("error", () => {}); // what else goes wrong while it closes is of no interest
      socket.destroy();
      reject(reason);
    }
    function settle() {
      signal.removeEventListener("abort", stop);
      socket.off("error", fail).off("close", closed).off(event, ready);
    }
    function ready() {
      settle();
      resolve(socket);
    }
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    socket.once("error", fail).once("close", closed).once(event, ready);
  });
}

/** The code of a system's or TLS library's error, "" if it has none. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "";
}

/** True if the server's certificate was refused for anything but its name. */
export function isCertificateRefused(error: unknown): boolean {
  return certificateRefusals.includes(codeOf(error));
}

/** The error of a connection to a proxy, which whoever describes it is to know. */
export function blameProxy(error: unknown, proxy: URL): Error {
  return Object.assign(error as Error, { proxy: proxy.host });
}

/** Of a connection that did not come about, the proxy that could not be reached; undefined if none failed. */
export function failedProxy(error: unknown): string | undefined {
  return (error as { proxy?: string } | undefined)?.proxy;
}

/**
 * What a failed connection to `host`, or to the proxy it leads through, means. The runtimes agree in most
 * codes; see the tests.
 */
export function describeConnectionError(error: unknown, host: string): ConnectionFailure {
  const { tls, why } = describeFault(error, host);
  const proxy = failedProxy(error);
  return { tls, why: proxy === undefined ? why : `its proxy ${proxy} can't be reached: ${why}` };
}

function describeFault(error: unknown, host: string): ConnectionFailure {
  const code = codeOf(error);
  const plain = plainReasons[code];
  if (plain !== undefined) return { tls: false, why: plain };
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return { tls: true, why: `its certificate is not for ${host}` };
  }
  if (isCertificateRefused(error)) return { tls: true, why: "its certificate is not trusted" };
  const text = `${code} ${error instanceof Error ? error.message : ""}`.toLowerCase();
  if (/protocol.?version|unsupported.?protocol/.test(text)) {
    return { tls: true, why: "its version of TLS is too old" };
  }
  if (/wrong.?version.?number|http.?request/.test(text)) {
    return { tls: true, why: "it does not speak TLS" };
  }
  if (code.startsWith("ERR_SSL_") || code === "EPROTO") {
    return { tls: true, why: `TLS failed (${code})` };
  }
  return { tls: false, why: error instanceof Error ? error.message : String(error) };
}

const plainReasons: Record<string, string> = {
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name cannot be looked up now",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed",
  EPIPE: "the connection was closed",
  ETIMEDOUT: "the connection timed out",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to its network",
};

const certificateRefusals = [
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_SIGNATURE_FAILURE",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "INVALID_CA",
  "INVALID_PURPOSE",
];
