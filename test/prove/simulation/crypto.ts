import { Buffer } from "node:buffer";
import { fillRandomly } from "./globals.ts";

/** node:crypto with the chance of the process, and certificates of the simulation's own. */
export { createHash, timingSafeEqual } from "node:crypto";

export function randomBytes(length: number): Buffer {
  return Buffer.from(fillRandomly(new Uint8Array(length)));
}

export function randomUUID(): string {
  return crypto.randomUUID();
}

/** A certificate whose bytes are all that is asked of it. */
export class X509Certificate {
  readonly raw: Buffer;

  constructor(pem: string) {
    this.raw = Buffer.from(pem);
  }
}
