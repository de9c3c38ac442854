import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { type TarEntry, writeTar } from "../../platforms/container_engine/tar.ts";

/** A file of an archive or package. */
export interface PackedFile {
  /** Without a slash before it. */
  path: string;
  mode: number;
  bytes: Uint8Array;
}

const gzip = promisify(zlib.gzip);
const zstd = promisify(zlib.zstdCompress);
const deflateRaw = promisify(zlib.deflateRaw);

/** The files as a tar archive, each of that date (in seconds since 1970). */
export async function packTar(files: PackedFile[], changed: number): Promise<Buffer> {
  const folders = [...new Set(files.flatMap(({ path }) => foldersOf(path)))].sort();
  const entries: TarEntry[] = [
    ...folders.map((folder) => ({ path: `/${folder}`, mode: 0o755, changed })),
    ...files.map(({ path, mode, bytes }) => ({
      path: `/${path}`,
      mode,
      changed,
      file: { size: bytes.length, content: [bytes] },
    })),
  ];
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The bytes as gzip packs them. */
export async function packGzip(bytes: Uint8Array): Promise<Buffer> {
  return await gzip(bytes, { level: 6 });
}

/** The bytes as zstd packs them. */
export async function packZstd(bytes: Uint8Array): Promise<Buffer> {
  return await zstd(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 9 } });
}

/** The files as a zip archive (APPNOTE.TXT 6.3.10, without its extensions), each of that date. */
export async function packZip(files: PackedFile[], changed: number): Promise<Buffer> {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const { path, mode, bytes } of files) {
    const name = Buffer.from(path);
    const packed = await deflateRaw(bytes, { level: 6 });
    const entry = zipEntry(name, packed.length, bytes, changed);
    const head = Buffer.concat([Buffer.from("PK\x03\x04"), entry, name]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((0o100000 | mode) * 0x10000, 6);
    tail.writeUInt32LE(at, 10);
    // made on Unix, so that the mode counts
    central.push(Buffer.from("PK\x01\x02\x14\x03", "latin1"), entry, tail, name);
    local.push(head, packed);
    at += head.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, directory, end]);
}

/** What a file's two headers in a zip archive share. */
function zipEntry(name: Buffer, packed: number, bytes: Uint8Array, changed: number): Buffer {
  const date = new Date(changed * 1000);
  const entry = Buffer.alloc(26);
  entry.writeUInt16LE(20, 0);
  entry.writeUInt16LE(0x800, 2); // the name is UTF-8
  entry.writeUInt16LE(8, 4);
  const seconds = date.getUTCSeconds() >> 1;
  entry.writeUInt16LE(date.getUTCHours() << 11 | date.getUTCMinutes() << 5 | seconds, 6);
  const year = date.getUTCFullYear() - 1980;
  entry.writeUInt16LE(year << 9 | date.getUTCMonth() + 1 << 5 | date.getUTCDate(), 8);
  entry.writeUInt32LE(zlib.crc32(bytes), 10);
  entry.writeUInt32LE(packed, 14);
  entry.writeUInt32LE(bytes.length, 18);
  entry.writeUInt16LE(name.length, 22);
  return entry;
}

function foldersOf(path: string): string[] {
  const words = path.split("/").slice(0, -1);
  return words.map((_, index) => words.slice(0, index + 1).join("/"));
}
