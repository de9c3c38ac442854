import { appError } from "../errors/app_error.ts";
import { blank } from "./access/failed_answer.ts";
import { timeOf } from "./access/token_time.ts";
import { isApiKey } from "./access_server.ts";
import { readAllClaims, readClaims, userOfSubject } from "./jwt.ts";

/** What a token says of itself. Nobody has verified it, and nothing in it is secret. */
export interface TokenInspection {
  kind: "JSON Web Token" | "reference token" | "API key";
  /** Of a JSON Web Token: what it says may be anybody's invention. */
  signature_checked?: false;
  token_id?: string;
  user?: string;
  subject?: string;
  issuer?: string;
  scope?: string;
  audience?: string[];
  issued_at_time?: string;
  expires_at?: string;
  /** By the clock that was given. */
  expired?: boolean;
  claims?: Record<string, unknown>;
}

/**
 * Reads a token without asking anybody; `now` in milliseconds. Throws `access-token-unreadable` for
 * what is no token, or a part of one.
 */
export function inspectAccessToken(token: string, now: number): TokenInspection {
  // a reference token is base64 of "reftkn" and what the server calls it
  if (token.startsWith("cmVmdGtu")) return { kind: "reference token" };
  if (isApiKey(token)) return { kind: "API key" };
  const all = readAllClaims(token);
  if (all === undefined) throw appError("access-token-unreadable", { why: whyNot(token) });
  const { sub, iss, jti, scp, aud, iat, exp } = readClaims(token)!;
  const inspection = {
    kind: "JSON Web Token",
    signature_checked: false,
    token_id: jti,
    user: sub === undefined ? undefined : userOfSubject(sub),
    subject: sub,
    issuer: iss,
    scope: scp,
    audience: typeof aud === "string" ? aud.split(" ") : aud,
    issued_at_time: iat === undefined ? undefined : timeOf(iat),
    expires_at: exp === undefined ? undefined : timeOf(exp),
    expired: exp === undefined ? undefined : exp * 1000 <= now,
    claims: all,
  };
  // a claim may hold a token, and the text of this one
  return JSON.parse(blank(JSON.stringify(inspection), [token]));
}

function whyNot(token: string): string {
  return token.startsWith("eyJ")
    ? "it begins as a JSON Web Token, but is cut off or damaged"
    : "it is neither a JSON Web Token nor a reference token";
}
