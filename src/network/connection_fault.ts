/**
 * A failed connection, in words; `tls` tells a server that can't be trusted from one that can't be
 * reached.
 */
export interface ConnectionFailure {
  tls: boolean;
  why: string;
}

/** The error of a connection that the other side ended too early. */
export function brokenOff(): Error {
  return Object.assign(new Error("closed"), { code: "ECONNRESET" });
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

/** Marks an error as one of the connection to the proxy, so that its wording can name the proxy. */
export function blameProxy(error: unknown, proxy: URL): Error {
  return Object.assign(error as Error, { proxy: proxy.host });
}

/**
 * Of a connection that did not come about, the proxy that could not be reached; undefined if none
 * failed.
 */
export function failedProxy(error: unknown): string | undefined {
  return (error as { proxy?: string } | undefined)?.proxy;
}

/**
 * What a failed connection to `host`, or to the proxy it leads through, means. The runtimes agree
 * in most codes; see the tests.
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
