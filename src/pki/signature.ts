import { type KeyObject, sign } from "node:crypto";
import {
  bitString,
  type Der,
  nothing,
  objectIdentifier,
  sequence,
  set,
  utf8String,
} from "./der.ts";
import type { KeyPair, SigningAlgorithm } from "./key_pair.ts";

/** Signature algorithms: by key and hash, their object identifier (RFC 5758, RFC 4055). */
export const signatureAlgorithms = {
  "ECDSA SHA-256": "1.2.840.10045.4.3.2",
  "ECDSA SHA-384": "1.2.840.10045.4.3.3",
  "ECDSA SHA-512": "1.2.840.10045.4.3.4",
  "RSASSA-PKCS1-v1_5 SHA-256": "1.2.840.113549.1.1.11",
  "RSASSA-PKCS1-v1_5 SHA-384": "1.2.840.113549.1.1.12",
  "RSASSA-PKCS1-v1_5 SHA-512": "1.2.840.113549.1.1.13",
} as const;

/** The AlgorithmIdentifier of what `keys` sign with. */
export function algorithmIdentifier(keys: KeyPair): Der {
  const { name, hash } = keys.signing;
  const identifier = objectIdentifier(signatureAlgorithms[`${name} ${hash}`]);
  return name === "ECDSA" ? sequence(identifier) : sequence(identifier, nothing());
}

/**
 * What is to be signed with its algorithm and signature: the shape of certificates and requests
 * alike.
 */
export async function signed(toBeSigned: Der, keys: KeyPair): Promise<Der> {
  const signature = await signBytes(digestName(keys.signing), toBeSigned, keys.privateKey);
  return sequence(toBeSigned, algorithmIdentifier(keys), bitString(signature));
}

/** A hash as node:crypto names it. */
export function digestName({ hash }: Pick<SigningAlgorithm, "hash">): string {
  return hash.replace("-", "").toLowerCase();
}

/** Other threads sign meanwhile: it is what takes longest, with RSA by far. */
function signBytes(digest: string, bytes: Uint8Array, key: KeyObject): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    sign(digest, bytes, key, (error, signature) => error ? reject(error) : resolve(signature));
  });
}

/** A distinguished name of a common name alone. */
export function commonNameOnly(commonName: string): Der {
  return sequence(set(sequence(objectIdentifier("2.5.4.3"), utf8String(commonName))));
}
