import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { Der } from "./der.ts";
import { encodePem } from "./pem.ts";

/** A private key and its public one, ready for WebCrypto. */
export interface KeyPair {
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  /** How this key signs: RSA with SHA-256 (PKCS#1 v1.5), EC with the hash of its curve's size. */
  signing:
    | { name: "RSASSA-PKCS1-v1_5"; hash: "SHA-256" }
    | { name: "ECDSA"; namedCurve: string; hash: "SHA-256" | "SHA-384" | "SHA-512" };
}

/** The curves keys are read on: OpenSSL's name, and WebCrypto's with the hash that fits it. */
const curves = {
  prime256v1: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  secp384r1: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  secp521r1: { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" },
} as const;

const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;

/** Makes an EC P-256 key pair; the PEM is PKCS#8. */
export async function createKeyPair(): Promise<KeyPair & { privateKeyPem: string }> {
  const signing = curves.prime256v1;
  const keys = await crypto.subtle.generateKey(signing, true, ["sign", "verify"]);
  const der = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { ...keys, signing, privateKeyPem: encodePem("PRIVATE KEY", der) };
}

/**
 * Makes an RSA 2048 key pair; the PEM is PKCS#1, the one form in which Skupper's own programs read
 * the key of a certificate authority (spec skupper-system-sites 3).
 */
export async function createRsaKeyPair(): Promise<KeyPair & { privateKeyPem: string }> {
  const wanted = { ...rsa, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };
  const keys = await crypto.subtle.generateKey(wanted, true, ["sign", "verify"]);
  const der = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  const key = createPrivateKey(encodePem("PRIVATE KEY", der));
  return {
    ...keys,
    signing: rsa,
    privateKeyPem: key.export({ type: "pkcs1", format: "pem" }).toString(),
  };
}

/**
 * Reads an RSA or EC private key: PEM as PKCS#1, SEC1 or PKCS#8, not encrypted. Throws an Error
 * that says what is wrong, without any of the text.
 */
export async function importPrivateKey(pem: string): Promise<KeyPair> {
  const key = readPrivateKey(pem);
  const signing = signingOf(key);
  const pkcs8 = Uint8Array.from(key.export({ type: "pkcs8", format: "der" }));
  const spki = Uint8Array.from(createPublicKey(key).export({ type: "spki", format: "der" }));
  return {
    privateKey: await crypto.subtle.importKey("pkcs8", pkcs8, signing, false, ["sign"]),
    publicKey: await crypto.subtle.importKey("spki", spki, signing, true, ["verify"]),
    signing,
  };
}

/** Reads a private key as importPrivateKey() does, for node:crypto. */
export function readPrivateKey(pem: string): KeyObject {
  // asked first: given an encrypted key, some runtimes would prompt for its passphrase
  if (/BEGIN ENCRYPTED|: 4,ENCRYPTED/.test(pem)) throw new Error("the private key is encrypted");
  try {
    return createPrivateKey(pem);
  } catch {
    // the runtimes' messages differ, and none says more than this
    throw new Error("the private key is not PEM in PKCS#1, SEC1 or PKCS#8");
  }
}

/** A public key as SubjectPublicKeyInfo in DER. */
export async function exportPublicKey(publicKey: CryptoKey): Promise<Der> {
  return new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
}

/**
 * SHA-256 of a public key (SubjectPublicKeyInfo, DER) as base64url: what a key is recognised by.
 */
export function publicKeyHash(spki: ArrayBuffer | Uint8Array): string {
  return createHash("sha256").update(new Uint8Array(spki)).digest("base64url");
}

function signingOf(key: KeyObject): KeyPair["signing"] {
  if (key.asymmetricKeyType === "rsa") return rsa;
  const curve = key.asymmetricKeyDetails?.namedCurve ?? "";
  if (Object.hasOwn(curves, curve)) return curves[curve as keyof typeof curves];
  throw new Error("the private key is neither RSA nor EC on P-256, P-384 or P-521");
}
