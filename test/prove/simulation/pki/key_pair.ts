import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { encodePem } from "../../../../src/pki/pem.ts";
import { fillRandomly } from "../globals.ts";

/** Keys of a simulation: the public one is the hash of the private one. */
export interface KeyPair {
  publicKey: Uint8Array<ArrayBuffer>;
  privateKeyPem: string;
}

function publicKeyOf(secret: Uint8Array): string {
  return createHash("sha256").update(secret).digest("base64url");
}

export function createKeyPair(): Promise<KeyPair> {
  const secret = fillRandomly(new Uint8Array(24));
  const publicKey = new Uint8Array(Buffer.from(publicKeyOf(secret)));
  return Promise.resolve({ publicKey, privateKeyPem: encodePem("PRIVATE KEY", secret) });
}

export const createRsaKeyPair = createKeyPair;

/** The public key that belongs to a private one; throws as the real one does. */
export function readPrivateKey(pem: string): string {
  const [, base64] = /-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----/.exec(pem) ?? [];
  if (base64 === undefined) throw new Error("the private key is not PEM");
  return publicKeyOf(Buffer.from(base64.replace(/\s/g, ""), "base64"));
}

export function importPrivateKey(pem: string): KeyPair {
  return { publicKey: new Uint8Array(Buffer.from(readPrivateKey(pem))), privateKeyPem: pem };
}

export function exportPublicKey(publicKey: Uint8Array): Uint8Array {
  return publicKey;
}

export function publicKeyHash(publicKey: Uint8Array): string {
  return createHash("sha256").update(publicKey).digest("base64url");
}
