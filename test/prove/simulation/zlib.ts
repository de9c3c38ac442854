import { Buffer } from "node:buffer";

type Done = (error: Error | null, result?: Buffer) => void;

/** Stand-ins of node:zlib that take no thread: what they give is longer than it might be. */
export function gzip(text: string | Uint8Array, _options: object, done: Done): void {
  done(null, Buffer.from(text as string));
}

export function gunzip(bytes: Buffer, _options: object, done: Done): void {
  done(null, bytes);
}

export function gzipSync(text: string, _options: object): Buffer {
  return Buffer.from(text);
}

export function gunzipSync(bytes: Buffer, _options: object): Buffer {
  return bytes;
}
