import { Buffer } from "node:buffer";
import type * as z from "zod/mini";
import type { secretSchema } from "./schemas.ts";

/** A core/v1 Secret; `data` is base64, as on the wire. */
export type Secret = z.infer<ReturnType<typeof secretSchema>>;

/** The type of a Secret that holds a certificate and its key. */
export const tlsSecretType = "kubernetes.io/tls";

/** The text stored under `key`, decoded, or undefined. */
export function secretText(secret: Secret, key: string): string | undefined {
  const plain = secret.stringData?.[key];
  if (plain !== undefined) return plain;
  const encoded = secret.data?.[key];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString("utf8");
}

/**
 * What a link's credentials, in the Secret of that name, lack of certificate, key and authority, in
 * words; undefined if nothing.
 */
export function lackingCredentials(secret: Secret | undefined, name: string): string | undefined {
  if (secret === undefined) return `Secret "${name}" does not exist`;
  const missing = ["ca.crt", "tls.crt", "tls.key"].filter((key) => !secretText(secret, key));
  return missing.length === 0 ? undefined : `Secret "${name}" lacks ${missing.join(", ")}`;
}
