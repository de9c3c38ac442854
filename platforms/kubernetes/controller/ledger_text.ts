import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gunzip, gunzipSync, gzip, gzipSync } from "node:zlib";

/**
 * The most bytes that a ledger or a page may have when it is unpacked: far more than a Secret
 * holds. A gzip stream can be made to unpack into more than memory does.
 */
const limits = { maxOutputLength: 64 * 1024 * 1024 };

/** Most of a ledger is random: trying harder takes longer and saves next to nothing. */
const gzipLevel = 3;

/**
 * Up to how many bytes are packed and unpacked at once, in a millisecond: what is left to a thread
 * comes back behind all that clients want meanwhile, and another replica may be first then.
 */
const atOnce = { text: 128 * 1024, packed: 64 * 1024 };

/** What a Secret is to hold, compressed, since it holds no more than 1 MiB. */
export async function pack(content: unknown): Promise<Buffer> {
  const text = JSON.stringify(content);
  const options = { level: gzipLevel };
  if (text.length <= atOnce.text) return gzipSync(text, options);
  return await promisify<string, object, Buffer>(gzip)(text, options);
}

/** Reads what `pack` made; throws an Error for what is neither gzip nor JSON. */
export async function unpack(bytes: Uint8Array): Promise<unknown> {
  if (bytes.length <= atOnce.packed) return unpackAtOnce(bytes);
  return JSON.parse((await promisify(gunzip)(bytes, limits)).toString("utf8"));
}

/** As `unpack`, for what was read before and is small. */
export function unpackAtOnce(bytes: Uint8Array): unknown {
  return JSON.parse(gunzipSync(bytes, limits).toString("utf8"));
}
