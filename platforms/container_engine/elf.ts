import { Buffer } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";

/** What an executable or library for Linux needs beside itself. */
export interface ElfNeeds {
  /** Number of the processor's architecture. */
  machine: number;
  /**
   * Path of the program that loads the libraries; undefined for a library and a static executable.
   */
  interpreter: string | undefined;
  /** Names of libraries, to be looked for in the folders of libraries. */
  libraries: string[];
}

const programHeader = { load: 1, dynamic: 2, interpreter: 3 };
const dynamicTag = { end: 0, needed: 1, stringTable: 5 };

/** The length of the longest table that a program can have. */
const maxTableBytes = 1024 * 1024;

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

/**
 * Reads what a program needs from its ELF headers (System V ABI, chapters 4 and 5): 64 bits, little
 * endian. Undefined for a file that is no such program.
 */
export async function readElfNeeds(file: string): Promise<ElfNeeds | undefined> {
  const handle = await open(file, "r");
  try {
    const header = await readAt(handle, 0, 64);
    const isElf = header.length === 64 && header.readUInt32BE(0) === 0x7f454c46 &&
      header[4] === 2 && header[5] === 1;
    if (!isElf) return undefined;
    const segments = await readSegments(handle, header);
    const interpreter = segments.find(({ type }) => type === programHeader.interpreter);
    return {
      machine: header.readUInt16LE(18),
      interpreter: interpreter && textAt(await readSegment(handle, interpreter), 0),
      libraries: await readLibraries(handle, segments),
    };
  } finally {
    await handle.close();
  }
}

async function readSegments(handle: FileHandle, header: Buffer): Promise<Segment[]> {
  const entrySize = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  const table = await readAt(handle, Number(header.readBigUInt64LE(32)), entrySize * count);
  return Array.from({ length: count }, (_, index) => {
    const entry = table.subarray(index * entrySize);
    return {
      type: entry.readUInt32LE(0),
      offset: Number(entry.readBigUInt64LE(8)),
      address: Number(entry.readBigUInt64LE(16)),
      size: Number(entry.readBigUInt64LE(32)),
    };
  });
}

async function readLibraries(handle: FileHandle, segments: Segment[]): Promise<string[]> {
  const dynamic = segments.find(({ type }) => type === programHeader.dynamic);
  if (dynamic === undefined) return [];
  const table = await readSegment(handle, dynamic);
  const names: number[] = [];
  let stringTable = 0;
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const tag = Number(table.readBigInt64LE(at));
    const value = Number(table.readBigUInt64LE(at + 8));
    if (tag === dynamicTag.end) break;
    if (tag === dynamicTag.needed) names.push(value);
    if (tag === dynamicTag.stringTable) stringTable = value;
  }
  const text = await readAt(handle, offsetOf(stringTable, segments), maxTableBytes);
  return names.map((name) => textAt(text, name));
}

/** Where in the file that is which the program will see at that address. */
function offsetOf(address: number, segments: Segment[]): number {
  const segment = segments.find(({ type, address: start, size }) =>
    type === programHeader.load && address >= start && address < start + size
  );
  return segment === undefined ? address : segment.offset + address - segment.address;
}

function readSegment(handle: FileHandle, { offset, size }: Segment): Promise<Buffer> {
  return readAt(handle, offset, Math.min(size, maxTableBytes));
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function textAt(bytes: Buffer, start: number): string {
  return bytes.toString("latin1", start, bytes.indexOf(0, start));
}
