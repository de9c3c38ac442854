import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/**
 * One record of a ledger's file: `1 <length> <checksum> <json>\n`. The length is the JSON's, in
 * bytes; the checksum, over the checksum before it and the JSON, says that nothing in it and
 * nothing before it is other than it was written. Ledgers of older versions have lines of bare
 * JSON.
 */
export interface LedgerLine {
  json: string;
  /** "" of a line that has none. */
  checksum: string;
  /** Where the next line begins. */
  end: number;
}

/** The version of the format, which each line begins with. */
const format = "1";

const lineBreak = 10;

/**
 * Four zeros at the beginning of a line are a part of the disk that was never written. Fewer may be
 * damage.
 */
const unwritten = Buffer.alloc(4);

/** The most bytes that a line has before its JSON. */
const longestHead = 64;

const head = new RegExp(`^${format} (\\d{1,10}) ([0-9a-f]{16}) `);

/**
 * A line to append after the one with the checksum `before` ("" for the first), and its own
 * checksum.
 */
export function writeLine(json: string, before: string): { text: string; checksum: string } {
  const checksum = checksumOf(json, before);
  return { text: `${format} ${Buffer.byteLength(json)} ${checksum} ${json}\n`, checksum };
}

/**
 * The line that begins at `from`, after one with the checksum `before`. "torn": the rest is a write
 * that was cut short, so nobody was told that it succeeded. "damaged": the line was whole once, and
 * has changed since.
 */
export function readLine(
  content: Buffer,
  from: number,
  before: string,
): LedgerLine | "torn" | "damaged" {
  const text = content.toString("latin1", from, from + longestHead);
  if (text.startsWith("{") && before === "") return readBareLine(content, from);
  const [whole, length, checksum] = head.exec(text) ?? [];
  if (whole === undefined || checksum === undefined) return judgeRest(content, from);
  const start = from + whole.length;
  const end = start + Number(length);
  if (end >= content.length) return judgeRest(content, from);
  const json = content.toString("utf8", start, end);
  if (checksumOf(json, before) !== checksum) return judgeRest(content, from);
  return { json, checksum, end: end + 1 }; // whole, even if its line break is none any more
}

/** A line as it was before lines had checksums. */
function readBareLine(content: Buffer, from: number): LedgerLine | "torn" | "damaged" {
  const end = content.indexOf(lineBreak, from);
  if (end === -1) return judgeRest(content, from);
  return { json: content.toString("utf8", from, end), checksum: "", end: end + 1 };
}

/**
 * What is no whole line at the end of a file. A write cut short lacks its end, which is a line
 * break and in no JSON, or its beginning, where a file system left zeros. Anything else was whole
 * once.
 */
function judgeRest(content: Buffer, from: number): "torn" | "damaged" {
  const lacksEnd = content.indexOf(lineBreak, from) === -1;
  return lacksEnd || content.subarray(from).indexOf(unwritten) === 0 ? "torn" : "damaged";
}

function checksumOf(json: string, before: string): string {
  return createHash("sha256").update(before).update(json).digest("hex").slice(0, 16);
}
