import { authorization } from "../access_server.ts";
import type { ChosenServer } from "./server_choice.ts";
import { type TokenRequest, tokensPath } from "./token_request.ts";

/** A request as it may be shown. */
export interface ShownRequest {
  /** Method and url. */
  request: string;
  /** Who asks. */
  identity: string;
  headers: Record<string, string>;
  body: TokenRequest;
}

/** The request for a token as it would be sent, without what is secret in it. */
export function showRequest(server: ChosenServer, body: TokenRequest): ShownRequest {
  const { credentials, clientCertificate } = server;
  const shown = credentials && authorization(credentials).replace(/ .*/s, " ***");
  return {
    identity: server.identity,
    request: `POST ${server.url}${tokensPath}`,
    headers: {
      ...(shown === undefined ? {} : { Authorization: shown }),
      ...(clientCertificate === undefined
        ? {}
        : { "(client certificate)": clientCertificate.certPath }),
      "Content-Type": "application/json",
    },
    body,
  };
}
