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
