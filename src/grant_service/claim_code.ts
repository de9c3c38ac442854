import { createHash, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { type AccessGrant, chosenCode } from "../resources/access_grant.ts";

/** SHA-256 of a grant's code, base64url: what a ledger may hold. */
function hashCode(code: string | Uint8Array): string {
  return createHash("sha256").update(code).digest("base64url");
}

/** The same of the code a grant has; undefined before it has one. */
export function codeHashOf(grant: AccessGrant): string | undefined {
  const code = grant.status?.code || chosenCode(grant);
  return code ? hashCode(code) : undefined;
}

/** Stands in for the code of a grant that does not exist, so that comparing takes as long. */
const noCode = hashCode(crypto.getRandomValues(new Uint8Array(32)));

/** True if `code` is the one that `hash` was made of; takes the same time wherever they differ. */
export function isCode(code: Uint8Array, hash: string | undefined): boolean {
  return timingSafeEqual(Buffer.from(hashCode(code)), Buffer.from(hash ?? noCode));
}
