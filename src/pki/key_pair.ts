import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import type { Der } from "./der.ts";

/** A private key and its public one. */
export interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
  signing: SigningAlgorithm;
}

/** How a key signs: RSA with SHA-256 (PKCS#1 v1.5), EC with the hash of its curve's size. */
export interface SigningAlgorithm {
  name: "RSASSA-PKCS1-v1_5" | "ECDSA";
  hash: "SHA-256" | "SHA-384" | "SHA-512";
}

/** The curves keys are read on, by OpenSSL's name. */
const curves: Record<string, SigningAlgorithm> = {
  prime256v1: { name: "ECDSA", hash: "SHA-256" },
  secp384r1: { name: "ECDSA", hash: "SHA-384" },
  secp521r1: { name: "ECDSA", hash: "SHA-512" },
};

const rsa: SigningAlgorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

/** Makes an EC P-256 key pair; the PEM is PKCS#8. */
export async function createKeyPair(): Promise<KeyPair & { privateKeyPem: string }> {
  const keys = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  const privateKeyPem = keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { ...keys, signing: curves["prime256v1"]!, privateKeyPem };
}

/**
 * Makes an RSA 2048 key pair; the PEM is PKCS#1, the one form in which Skupper's own programs read
 * the key of a certificate authority (spec skupper-system-sites 3).
 */
export async function createRsaKeyPair(): Promise<KeyPair & { privateKeyPem: string }> {
  const keys = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  const privateKeyPem = keys.privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  return { ...keys, signing: rsa, privateKeyPem };
}

/**
 * Reads an RSA or EC private key: PEM as PKCS#1, SEC1 or PKCS#8, not encrypted. Throws an Error
 * that says what is wrong, without any of the text.
 */
export function importPrivateKey(pem: string): KeyPair {
  const privateKey = readPrivateKey(pem);
  const signing = signingOf(privateKey);
  return { privateKey, publicKey: createPublicKey(privateKey), signing };
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
export function exportPublicKey(publicKey: KeyObject): Der {
  return Uint8Array.from(publicKey.export({ type: "spki", format: "der" }));
}

/**
 * SHA-256 of a public key (SubjectPublicKeyInfo, DER) as base64url: what a key is recognised by.
 */
export function publicKeyHash(spki: Uint8Array): string {
  return createHash("sha256").update(spki).digest("base64url");
}

function signingOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === "rsa") return rsa;
  const curve = key.asymmetricKeyDetails?.namedCurve ?? "";
  if (Object.hasOwn(curves, curve)) return curves[curve]!;
  throw new Error("the private key is neither RSA nor EC on P-256, P-384 or P-521");
}
