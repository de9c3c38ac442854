import { isAppError } from "../errors/app_error.ts";
import type { HttpResponse } from "./http/message.ts";
import type { Refused } from "./redemption.ts";

/** What goes over the wire for a refusal: docs/spec/redemption.md 4, and the reason to a holder. */
export function refusalResponse({ reason, detail }: Refused): HttpResponse {
  switch (reason) {
    case "unknown":
      return plainResponse(404, "No such claim");
    case "expired":
    case "revoked":
      return { ...plainResponse(404, "No such claim"), headers: { reason } };
    case "used-up":
    case "damaged":
      return { ...plainResponse(404, "No such access granted"), headers: { reason } };
    case "wrong-code":
      return plainResponse(403, "Redemption of access token refused");
    case "corrupted":
      return plainResponse(500, "Corrupted claim");
    case "unready":
      return plainResponse(503, "Access grant is not ready yet");
    case "csr-invalid":
      return plainResponse(400, `Header csr not valid: ${detail}`);
    case "client-gone":
      return plainResponse(503, "Request was given up");
  }
}

/** Failures whose cause is at the site and not in the service: upstream's status and words. */
export function failureResponse(error: unknown): HttpResponse | undefined {
  if (isAppError(error, "site-missing")) {
    return plainResponse(500, `Site not yet defined for ${error.data.namespace}`);
  }
  if (isAppError(error, "site-issuer-missing")) {
    return plainResponse(500, "Could not get issuer for requested certificate");
  }
  if (isAppError(error, "site-edge")) {
    return plainResponse(500, "Edge sites cannot accept incoming links from remote sites");
  }
  if (isAppError(error, "no-endpoints")) {
    return plainResponse(500, "No valid endpoints found for site");
  }
  return isAppError(error, "invalid-value") ? plainResponse(500, error.message) : undefined;
}

/** Too many wrong codes; `seconds` until the next one is taken (RFC 9110 10.2.3). */
export function throttledResponse(seconds: number): HttpResponse {
  return {
    ...plainResponse(429, "Too many wrong codes"),
    headers: { "Retry-After": String(seconds) },
  };
}

/** A text as upstream sends it, on a line of its own. */
export function plainResponse(status: number, text: string): HttpResponse {
  return { status, body: `${text}\n` };
}
