import { Buffer } from "node:buffer";
import { isObject } from "./config/fields.ts";

/** What an access token of the platform says of itself. */
export interface TokenClaims {
  /** The subject: `jfac@<service>/users/<name>`, or what an identity provider calls it. */
  sub?: string;
  scp?: string;
  iss?: string;
  jti?: string;
  aud?: string | string[];
  /** Seconds since 1970, as is `iat`. */
  exp?: number;
  iat?: number;
}

/**
 * The claims of a token, which nobody has verified; undefined where it is no JWT, as a reference
 * token is none. Both alphabets of base64 are taken, padded or not (jf takes one,
 * docs/spec/jfrog.md 6).
 */
export function readClaims(token: string): TokenClaims | undefined {
  const claims = readAllClaims(token);
  return claims === undefined ? undefined : textAndNumbers(claims);
}

/** The same with claims of any name and type. */
export function readAllClaims(token: string): Record<string, unknown> | undefined {
  const [, payload, ...rest] = token.split(".");
  if (payload === undefined || rest.length !== 1) return undefined;
  if (!/^[\w+/-]+=*$/.test(payload)) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return isObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The user a token is of (docs/spec/jfrog.md 6): what follows `/users/` in its subject, or the last
 * slash of one that begins with `jfrt@`, else the subject itself. Undefined where it names none.
 */
export function usernameIn(token: string): string | undefined {
  const sub = readClaims(token)?.sub;
  return sub ? userOfSubject(sub) : undefined;
}

/** The user that a subject names, in the same way. */
export function userOfSubject(sub: string): string | undefined {
  const [, user = sub.startsWith("jfrt@") ? sub.split("/").slice(1).at(-1) : sub] =
    /\/users\/([^]*)$/.exec(sub) ?? [];
  return user === "" ? undefined : user;
}

/** Leaves out claims of the wrong type: a token may come from anywhere. */
function textAndNumbers(claims: Record<string, unknown>): TokenClaims {
  const isText = (value: unknown) => typeof value === "string";
  const isNumber = (value: unknown) => typeof value === "number";
  const checks: Record<string, (value: unknown) => boolean> = {
    ...{ sub: isText, scp: isText, iss: isText, jti: isText, exp: isNumber, iat: isNumber },
    aud: (value) => isText(value) || Array.isArray(value) && value.every(isText),
  };
  return Object.fromEntries(
    Object.entries(claims).filter(([name, value]) =>
      Object.hasOwn(checks, name) && checks[name]!(value)
    ),
  );
}
