import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

/** The only length of a key, in bytes. */
export const keyBytes = 32;

/**
 * A secret as jf stores it: base64 of nonce, ciphertext and tag of AES-256-GCM; the key is the
 * bytes of its text (docs/spec/jfrog.md 3.5). `nonce` is random, except where a test compares with
 * a known answer.
 */
export function encryptSecret(
  secret: string,
  key: string,
  nonce: Uint8Array = randomBytes(nonceBytes),
): string {
  const cipher = createCipheriv(algorithm, Buffer.from(key), nonce);
  const sealed = [cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat([nonce, ...sealed]).toString("base64");
}

/** The secret again; undefined where the key is another one or the value was changed. */
export function decryptSecret(stored: string, key: string): string | undefined {
  const bytes = Buffer.from(stored, "base64");
  if (Buffer.byteLength(key) !== keyBytes || bytes.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv(algorithm, Buffer.from(key), bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    const start = decipher.update(bytes.subarray(nonceBytes, -tagBytes));
    return Buffer.concat([start, decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}
