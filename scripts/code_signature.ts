import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/**
 * What macOS checks before it runs a program: the layout of a Mach-O file (mach-o/loader.h) and of
 * the signature in it (Kernel/kern/cs_blobs.h). A signature without a signer, "ad hoc", is the
 * least that Apple's processors accept.
 */
export interface CodeDirectory {
  flags: number;
  /** The bytes that are signed are those before it. */
  codeLimit: number;
  pageBytes: number;
  /** SHA-256 of each page. */
  hashes: Buffer[];
}

interface LoadCommand {
  kind: number;
  at: number;
}

interface Program {
  /** Where the load command of the signature is. */
  signatureCommand: number;
  text: { at: number; bytes: number };
  linkedit: { command: number; at: number };
}

const machO64 = 0xfeedfacf;
const segmentKind = 0x19;
const signatureKind = 0x1d;
const superBlobMagic = 0xfade0cc0;
const codeDirectoryMagic = 0xfade0c02;

const hashBytes = 32;
const pageBits = 12;
const directoryBytes = 88;
const blobIndexBytes = 20;

/** Ad hoc, and made by a linker: whoever has a certificate may sign over it. */
const adHocFlags = 0x20002;
const isMainBinary = 1n;

/** The hardened runtime, which would need rights that no ad hoc signature can give. */
export const hardenedFlag = 0x10000;

/** The program with an ad hoc signature in the place of the one it has. Throws if it has none. */
export function signAdHoc(program: Uint8Array, identifier: string): Buffer {
  const { signatureCommand, text, linkedit } = readProgram(Buffer.from(program));
  const codeLimit = Buffer.from(program).readUInt32LE(signatureCommand + 8);
  const pageCount = Math.ceil(codeLimit / (1 << pageBits));
  const name = Buffer.from(`${identifier}\0`);
  const hashesAt = directoryBytes + name.length;
  const length = blobIndexBytes + hashesAt + pageCount * hashBytes;
  const signed = Buffer.alloc(codeLimit + roundUp(length, 16));
  Buffer.from(program).copy(signed, 0, 0, codeLimit);

  signed.writeUInt32LE(signed.length - codeLimit, signatureCommand + 12);
  const linkeditBytes = signed.length - linkedit.at;
  signed.writeBigUInt64LE(BigInt(roundUp(linkeditBytes, 1 << 14)), linkedit.command + 32);
  signed.writeBigUInt64LE(BigInt(linkeditBytes), linkedit.command + 48);

  const index = signed.subarray(codeLimit);
  [superBlobMagic, length, 1, 0, blobIndexBytes].forEach((value, i) =>
    index.writeUInt32BE(value, 4 * i)
  );
  const directory = index.subarray(blobIndexBytes);
  const head = [codeDirectoryMagic, length - blobIndexBytes, 0x20400, adHocFlags];
  [...head, hashesAt, directoryBytes, 0, pageCount, codeLimit].forEach((value, i) =>
    directory.writeUInt32BE(value, 4 * i)
  );
  directory.set([hashBytes, 2, 0, pageBits], 36);
  directory.writeBigUInt64BE(BigInt(text.at), 64);
  directory.writeBigUInt64BE(BigInt(text.bytes), 72);
  directory.writeBigUInt64BE(isMainBinary, 80);
  name.copy(directory, directoryBytes);
  hashPages(signed, codeLimit, 1 << pageBits).forEach((hash, page) =>
    hash.copy(directory, hashesAt + page * hashBytes)
  );
  return signed;
}

/**
 * What is wrong with the program's signature, as macOS would find it, one line each; nothing if it
 * is whole. Throws if the program has none.
 */
export function findSignatureFaults(program: Uint8Array): string[] {
  const bytes = Buffer.from(program);
  const { signatureCommand, linkedit } = readProgram(bytes);
  const at = bytes.readUInt32LE(signatureCommand + 8);
  const end = at + bytes.readUInt32LE(signatureCommand + 12);
  const { flags, codeLimit, pageBytes, hashes } = readCodeDirectory(bytes.subarray(at, end));
  const linkeditEnd = linkedit.at + Number(bytes.readBigUInt64LE(linkedit.command + 48));
  const found = hashPages(bytes, codeLimit, pageBytes);
  const wrong = found.filter((hash, page) => !hashes[page]?.equals(hash)).length;
  return [
    ...end === bytes.length ? [] : [`the signature ends at ${end}, the file at ${bytes.length}`],
    ...linkeditEnd === end ? [] : [`__LINKEDIT ends at ${linkeditEnd}, the signature at ${end}`],
    ...codeLimit === at ? [] : [`${codeLimit} bytes are signed, the signature begins at ${at}`],
    ...found.length === hashes.length ? [] : [`${hashes.length} hashes, ${found.length} pages`],
    ...wrong === 0 ? [] : [`${wrong} of ${found.length} page hashes are wrong`],
    ...(flags & hardenedFlag) === 0 ? [] : ["the hardened runtime is asked for"],
  ];
}

/** The code directory of a signature. */
export function readCodeDirectory(signature: Buffer): CodeDirectory {
  if (signature.readUInt32BE(0) !== superBlobMagic) throw new Error("It is no signature");
  const count = signature.readUInt32BE(8);
  const slot = Array.from({ length: count }, (_, i) => 12 + 8 * i)
    .find((at) => signature.readUInt32BE(at) === 0);
  if (slot === undefined) throw new Error("The signature has no code directory");
  const directory = signature.subarray(signature.readUInt32BE(slot + 4));
  if (directory.readUInt32BE(0) !== codeDirectoryMagic || directory[37] !== 2) {
    throw new Error("The code directory is none of SHA-256 hashes");
  }
  const hashesAt = directory.readUInt32BE(16);
  return {
    flags: directory.readUInt32BE(12),
    codeLimit: directory.readUInt32BE(32),
    pageBytes: 1 << directory[39]!,
    hashes: Array.from(
      { length: directory.readUInt32BE(28) },
      (_, page) =>
        directory.subarray(hashesAt + page * hashBytes, hashesAt + (page + 1) * hashBytes),
    ),
  };
}

function readProgram(program: Buffer): Program {
  if (program.readUInt32LE(0) !== machO64) throw new Error("It is no Mach-O file of 64 bits");
  const commands = readLoadCommands(program);
  const segment = (name: string): number => {
    const found = commands.find(({ kind, at }) =>
      kind === segmentKind && program.toString("latin1", at + 8, at + 24).split("\0")[0] === name
    );
    if (found === undefined) throw new Error(`It has no segment ${name}`);
    return found.at;
  };
  const signature = commands.find(({ kind }) => kind === signatureKind);
  if (signature === undefined) throw new Error("It has no signature");
  const [text, linkedit] = [segment("__TEXT"), segment("__LINKEDIT")];
  return {
    signatureCommand: signature.at,
    text: { at: fileOffset(program, text), bytes: Number(program.readBigUInt64LE(text + 48)) },
    linkedit: { command: linkedit, at: fileOffset(program, linkedit) },
  };
}

function fileOffset(program: Buffer, segment: number): number {
  return Number(program.readBigUInt64LE(segment + 40));
}

function readLoadCommands(program: Buffer): LoadCommand[] {
  const commands: LoadCommand[] = [];
  for (let at = 32, left = program.readUInt32LE(16); left > 0; left--) {
    commands.push({ kind: program.readUInt32LE(at), at });
    at += program.readUInt32LE(at + 4);
  }
  return commands;
}

function hashPages(program: Buffer, codeLimit: number, pageBytes: number): Buffer[] {
  return Array.from({ length: Math.ceil(codeLimit / pageBytes) }, (_, page) => {
    const end = Math.min((page + 1) * pageBytes, codeLimit);
    return createHash("sha256").update(program.subarray(page * pageBytes, end)).digest();
  });
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
