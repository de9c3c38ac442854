import { Buffer } from "node:buffer";
import { z } from "zod";
import { lazySchema, metadataSchema } from "./resource.ts";

/** A core/v1 Secret; `data` is base64, as on the wire. */
export const secretSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Secret"),
    metadata: metadataSchema(),
    type: z.string().optional(),
    data: z.record(z.string(), z.string()).nullish(),
    stringData: z.record(z.string(), z.string()).nullish(),
    status: z.undefined().optional(),
  })
);

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
