import { Buffer } from "node:buffer";
import { appError } from "../../src/errors/app_error.ts";

/** A file or folder of an archive. */
export interface TarEntry {
  /** With a slash before it, and at most 98 characters after that. */
  path: string;
  mode: number;
  /** When it was changed, in seconds since 1970; by default at their begin. */
  changed?: number;
  /** Of a file: its length and its bytes. A folder has none. */
  file?: { size: number; content: AsyncIterable<Uint8Array> | Iterable<Uint8Array> };
}

const blockBytes = 512;

/**
 * The bytes of a tar archive (POSIX.1-1988, ustar): everything is root's and of no date
 * but one that is given, so that the same files make the same archive. Throws `not-readable` if a
 * file has another length than it should.
 */
export async function* writeTar(entries: Iterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    yield makeHeader(entry);
    if (entry.file === undefined) continue;
    let written = 0;
    for await (const chunk of entry.file.content) {
      written += chunk.length;
      if (written <= entry.file.size) yield chunk;
    }
    if (written !== entry.file.size) {
      throw appError("not-readable", { path: entry.path, why: "it changed while it was read" });
    }
    const rest = written % blockBytes;
    if (rest > 0) yield Buffer.alloc(blockBytes - rest);
  }
  yield Buffer.alloc(2 * blockBytes);
}

function makeHeader({ path, mode, changed = 0, file }: TarEntry): Buffer {
  const header = Buffer.alloc(blockBytes);
  const name = path.slice(1) + (file === undefined ? "/" : "");
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long a name for an archive`);
  header.write(name, 0);
  writeOctal(header, mode, 100, 8);
  writeOctal(header, 0, 108, 8); // user
  writeOctal(header, 0, 116, 8); // group
  writeOctal(header, file?.size ?? 0, 124, 12);
  writeOctal(header, changed, 136, 12);
  header.write(file === undefined ? "5" : "0", 156);
  header.write("ustar\0" + "00", 257, "latin1");
  // the sum of all bytes, with blanks in its own place
  header.fill(" ", 148, 156);
  writeOctal(header, header.reduce((sum, byte) => sum + byte, 0), 148, 8);
  return header;
}

function writeOctal(header: Buffer, value: number, at: number, length: number): void {
  header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
}
