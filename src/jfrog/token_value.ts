import { appError } from "../errors/app_error.ts";
import { readClaims } from "./jwt.ts";

/** Longer than any id that a server gives a token. */
const longestId = 128;

/** A JSON Web Token wherever it stands, a reference token (base64 of `reftkn`), an API key. */
const tokenPattern = /eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|cmVmdGtu[\w+/-]{8,}=*|AKCp8[A-Za-z0-9]{20,}/g;

/** A token as a user names it: by its id, which may be `me`, or by itself, which is a secret. */
export type NamedToken = { id: string } | { value: string };

/**
 * What a user names a token by. Throws `invalid-value`, which shows nothing of it, for what is
 * neither an id nor a whole token: a part of a token is a secret too, and no id.
 */
export function nameToken(text: string): NamedToken {
  const value = bareToken(text);
  if (isOpaqueToken(value) || (value.startsWith("ey") && readClaims(value) !== undefined)) {
    return { value };
  }
  const id = text.trim();
  if (!isTokenValue(id) && (id === "me" || isTokenId(id))) return { id };
  const wanted = isTokenValue(value)
    ? "a whole token: this one is cut off or damaged"
    : "a token_id, me, or a whole token with nothing around it";
  throw appError("invalid-value", { name: "the id", value: "…", wanted });
}

/**
 * A token without what it is often given with: quotes, `Bearer`, and the line breaks of what wraps
 * long lines.
 */
export function bareToken(text: string): string {
  return text.trim().replace(/^(["'])(.*)\1$/s, "$2").replace(/^Bearer\s+/i, "")
    .replaceAll(/\s*[\r\n]\s*/g, "");
}

/**
 * True for text that is meant as a token itself rather than as the id of one: a JSON Web Token, a
 * reference token, an API key, or anything as long as those. Such text is a secret.
 */
export function isTokenValue(text: string): boolean {
  return /^\s*(eyJ|cmVmdGtu|AKCp)/.test(text) || readClaims(text.trim()) !== undefined ||
    text.length > longestId;
}

/** True for a token that says nothing of itself. */
function isOpaqueToken(text: string): boolean {
  return /^cmVmdGtu[\w+/-]{8,}=*$/.test(text) || /^AKCp8\w{20,}$/.test(text);
}

/** Text without the tokens in it, whosever they are. */
export function withoutTokens(text: string): string {
  return text.replaceAll(tokenPattern, "…");
}

/** The id that a JSON Web Token has by its own word (`jti`), where that can be one. */
export function idIn(token: string): string | undefined {
  const id = readClaims(token)?.jti;
  return id !== undefined && isTokenId(id) ? id : undefined;
}

/**
 * True for what can be the id of one token, wherever it is put: into a path, or behind a command.
 * `me` is whoever asks.
 */
export function isTokenId(id: string): boolean {
  return /^\w[\w-]{0,127}$/.test(id) && id !== "me";
}
