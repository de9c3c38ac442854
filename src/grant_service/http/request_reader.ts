import { Buffer } from "node:buffer";
import { HttpProblem } from "./message.ts";

/** A request as read, before it is known who sent it. */
export interface ReadRequest {
  method: string;
  path: string;
  headers: Map<string, string>;
  body: Uint8Array;
}

/**
 * What reading goes on with: more bytes, or (once, where the client asks) a word to send the body.
 */
export type ReadStep = "needs-header" | "needs-body" | "wants-continue";

/** Bytes that have arrived and are not read yet. */
export class IncomingBytes {
  #bytes: Buffer = Buffer.alloc(0);
  /** No line ends before this position. */
  #searched = 0;

  get length(): number {
    return this.#bytes.length;
  }

  append(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
  }

  take(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    this.#searched = 0;
    return taken;
  }

  /** The next line without its CRLF, or undefined if its end has not arrived. */
  takeLine(): string | undefined {
    const end = this.#bytes.indexOf("\r\n", this.#searched, "latin1");
    if (end === -1) {
      this.#searched = Math.max(0, this.#bytes.length - 1);
      return undefined;
    }
    const line = this.take(end).toString("latin1");
    this.take(2);
    return line;
  }
}

/** Room for the size lines and trailers of a chunked body. */
const framingBytes = 4096;

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// deno-lint-ignore no-control-regex -- they are what must not be there
const forbiddenInValue = /[\0-\x08\x0a-\x1f\x7f]/;

/**
 * Reads one HTTP/1.1 request (RFC 9112), strictly: what is ambiguous is refused. It is advanced
 * each time bytes have been appended to `incoming`, and returns the request. Throws HttpProblem.
 */
export function* readHttpRequest(
  incoming: IncomingBytes,
  limits: { headerBytes: number; bodyBytes: number },
): Generator<ReadStep, ReadRequest> {
  const lines = new LineReader(incoming, limits.headerBytes, "needs-header", headerTooLarge);
  const { method, path, version } = parseRequestLine(yield* lines.next());
  const headers = yield* readFields(lines);
  if (!/^[^\s,]+$/.test(headers.get("host") ?? (version === "1.0" ? "-" : ""))) {
    throw new HttpProblem(400, "Host header missing or not valid");
  }
  const framing = bodyFraming(headers, version, limits.bodyBytes);
  if (wantsContinue(headers, version) && incoming.length === 0 && framing !== 0) {
    yield "wants-continue";
  }
  const body = framing === "chunked"
    ? yield* readChunked(incoming, limits.bodyBytes)
    : yield* readBytes(incoming, framing);
  return { method, path, headers, body };
}

/** Reads lines as long as they do not exceed a number of bytes together. */
class LineReader {
  readonly #incoming: IncomingBytes;
  readonly #step: ReadStep;
  readonly #problem: () => HttpProblem;
  #left: number;

  constructor(incoming: IncomingBytes, bytes: number, step: ReadStep, problem: () => HttpProblem) {
    this.#incoming = incoming;
    this.#left = bytes;
    this.#step = step;
    this.#problem = problem;
  }

  *next(): Generator<ReadStep, string> {
    for (;;) {
      const line = this.#incoming.takeLine();
      const used = line === undefined ? this.#incoming.length : line.length + 2;
      if (used > this.#left) throw this.#problem();
      if (line !== undefined) {
        this.#left -= used;
        return line;
      }
      yield this.#step;
    }
  }
}

function parseRequestLine(line: string) {
  const [, method, target, version] = /^(\S+) (\S+) HTTP\/(\d\.\d)$/.exec(line) ?? [];
  if (method === undefined || !token.test(method) || target === undefined) {
    throw new HttpProblem(400, "Request line not valid");
  }
  if (version !== "1.1" && version !== "1.0") {
    throw new HttpProblem(505, "Only HTTP/1.1 is supported");
  }
  const path = target.replace(/^https?:\/\/[^/?]*/i, "").replace(/\?.*$/, "");
  return { method, path, version };
}

function* readFields(lines: LineReader): Generator<ReadStep, Map<string, string>> {
  const fields = new Map<string, string>();
  for (let line = yield* lines.next(); line !== ""; line = yield* lines.next()) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = trimBlanks(line, colon + 1);
    if (!token.test(name) || forbiddenInValue.test(value)) {
      throw new HttpProblem(400, "Request header not valid");
    }
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

/**
 * What follows `start` in a line, without the blanks around it (RFC 9112 5.1). Searched from its
 * ends: an expression is tried anew at each of thousands of blanks within the value, and stops the
 * service.
 */
function trimBlanks(line: string, start: number): string {
  const isBlank = (at: number) => line[at] === " " || line[at] === "\t";
  let end = line.length;
  while (start < end && isBlank(start)) start++;
  while (start < end && isBlank(end - 1)) end--;
  return line.slice(start, end);
}

/** The body's length in bytes, or that it comes in chunks (RFC 9112 6.1 and 6.3). */
function bodyFraming(
  headers: Map<string, string>,
  version: string,
  maxBytes: number,
): number | "chunked" {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined) {
    if (length !== undefined || version === "1.0") {
      throw new HttpProblem(400, "Request length is ambiguous");
    }
    if (coding.toLowerCase() !== "chunked") {
      throw new HttpProblem(501, "Only the transfer coding chunked is supported");
    }
    return "chunked";
  }
  if (length === undefined) return 0;
  if (!/^\d{1,15}$/.test(length)) throw new HttpProblem(400, "Content-Length not valid");
  if (Number(length) > maxBytes) throw bodyTooLarge();
  return Number(length);
}

function wantsContinue(headers: Map<string, string>, version: string): boolean {
  const expectation = headers.get("expect");
  if (expectation === undefined || version === "1.0") return false;
  if (expectation.toLowerCase() !== "100-continue") {
    throw new HttpProblem(417, "Only the expectation 100-continue is supported");
  }
  return true;
}

function* readBytes(incoming: IncomingBytes, count: number): Generator<ReadStep, Buffer> {
  while (incoming.length < count) yield "needs-body";
  return incoming.take(count);
}

/** RFC 9112 7.1; extensions and trailers are read over. */
function* readChunked(incoming: IncomingBytes, maxBytes: number): Generator<ReadStep, Buffer> {
  const lines = new LineReader(incoming, framingBytes, "needs-body", bodyTooLarge);
  const parts: Buffer[] = [];
  let total = 0;
  for (;;) {
    const [, digits] = /^([0-9a-fA-F]{1,8})[ \t]*(;.*)?$/.exec(yield* lines.next()) ?? [];
    if (digits === undefined) throw new HttpProblem(400, "Chunked body not valid");
    const size = parseInt(digits, 16);
    if (size === 0) break;
    total += size;
    if (total > maxBytes) throw bodyTooLarge();
    parts.push(yield* readBytes(incoming, size));
    if ((yield* readBytes(incoming, 2)).toString("latin1") !== "\r\n") {
      throw new HttpProblem(400, "Chunked body not valid");
    }
  }
  yield* readFields(lines);
  return Buffer.concat(parts);
}

function headerTooLarge(): HttpProblem {
  return new HttpProblem(431, "Request header too large");
}

function bodyTooLarge(): HttpProblem {
  return new HttpProblem(413, "Request body too large");
}
