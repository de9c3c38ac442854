import { createHash } from "node:crypto";

/**
 * A UUID-shaped value that is the same whenever the parts are: for what must have a uid although
 * none is stored for it. Marked as version 8 (RFC 9562, 5.8: the content is the maker's own).
 */
export function derivedUid(...parts: (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
    hash.update(`${bytes.length}:`).update(bytes);
  }
  const digits = hash.digest("hex").slice(0, 32).split("");
  digits[12] = "8";
  digits[16] = ((parseInt(digits[16]!, 16) & 3) | 8).toString(16);
  return digits.join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
