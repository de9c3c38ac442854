import { readClaims } from "./jwt.ts";

/** Longer than any id that a server gives a token. */
const longestId = 128;

/**
 * True for text that is a token itself rather than the id of one: a JSON Web Token, a reference
 * token (base64 of `reftkn`), an API key, or anything as long as those. Such text is a secret.
 */
export function isTokenValue(text: string): boolean {
  return /^\s*(eyJ|cmVmdGtu|AKCp)/.test(text) || readClaims(text.trim()) !== undefined ||
    text.length > longestId;
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
