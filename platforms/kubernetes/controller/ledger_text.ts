import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gunzip, gunzipSync, gzip } from "node:zlib";

/**
 * The most bytes that a ledger or a page may have when it is unpacked: far more than a Secret
 * holds. A gzip stream can be made to unpack into more than memory does.
 */
const limits = { maxOutputLength: 64 * 1024 * 1024 };

/** Most of a ledger is random: trying harder takes longer and saves next to nothing. */
const gzipLevel = 3;

/** What a Secret is to hold, compressed, since it holds no more than 1 MiB. */
export async function pack(content: unknown): Promise<Buffer> {
  return await promisify<string, object, Buffer>(gzip)(JSON.stringify(content), {
    level: gzipLevel,
  });
}

/** Reads what `pack` made; throws an Error for what is neither gzip nor JSON. */
export async function unpack(bytes: Uint8Array): Promise<unknown> {
  return JSON.parse((await promisify(gunzip)(bytes, limits)).toString("utf8"));
}

/** As `unpack`, for what was read before and is small. */
export function unpackAtOnce(bytes: Uint8Array): unknown {
  return JSON.parse(gunzipSync(bytes, limits).toString("utf8"));
}
