import { Buffer } from "node:buffer";
import { type KeyPair, publicKeyHash } from "./key_pair.ts";

export function createRequest({ publicKey }: KeyPair, _subject?: string): Promise<Uint8Array> {
  return Promise.resolve(Buffer.concat([Buffer.from("request "), publicKey]));
}

export function readRequest(bytes: Uint8Array) {
  const text = Buffer.from(bytes).toString("latin1");
  if (!text.startsWith("request ")) throw new Error("it is no certificate request");
  const publicKey = new Uint8Array(Buffer.from(text.slice("request ".length)));
  return { publicKey, keyHash: publicKeyHash(publicKey) };
}
