import {
  bitString,
  type Der,
  integer,
  nothing,
  objectIdentifier,
  sequence,
  set,
  utf8String,
} from "./der.ts";
import type { KeyPair } from "./key_pair.ts";

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
  const raw = new Uint8Array(
    await crypto.subtle.sign(keys.signing, keys.privateKey, toBeSigned),
  );
  const signature = keys.signing.name === "ECDSA" ? pairOfIntegers(raw) : raw;
  return sequence(toBeSigned, algorithmIdentifier(keys), bitString(signature));
}

/** A distinguished name of a common name alone. */
export function commonNameOnly(commonName: string): Der {
  return sequence(set(sequence(objectIdentifier("2.5.4.3"), utf8String(commonName))));
}

/** WebCrypto joins r and s of an EC signature; X.509 has them as two integers (RFC 3279 2.2.3). */
function pairOfIntegers(raw: Uint8Array): Der {
  const half = raw.length / 2;
  return sequence(integer(raw.subarray(0, half)), integer(raw.subarray(half)));
}
