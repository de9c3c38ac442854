import type { AccessServer } from "./access_server.ts";
import { type TokenRequest, tokensPath } from "./token_request.ts";

/** A request as it may be shown. */
export interface ShownRequest {
  /** Method and url. */
  request: string;
  headers: Record<string, string>;
  body: TokenRequest;
}

/** The request for a token as it would be sent, without what is secret in it. */
export function showRequest(server: AccessServer, body: TokenRequest): ShownRequest {
  const { credentials, clientCertificate } = server;
  const scheme = credentials === undefined ? "" : "password" in credentials ? "Basic" : "Bearer";
  return {
    request: `POST ${server.url}${tokensPath}`,
    headers: {
      ...(scheme === "" ? {} : { Authorization: `${scheme} ***` }),
      ...(clientCertificate === undefined
        ? {}
        : { "(client certificate)": clientCertificate.certPath }),
      "Content-Type": "application/json",
    },
    body,
  };
}
