import { Buffer } from "node:buffer";
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import {
  type ChainHead,
  emptyChain,
  hashOf,
  parseRecord,
} from "../../../src/grant_service/audit_chain.ts";
import { readLines } from "../../../src/runtime/lines.ts";

/** The file that records are appended to. */
const currentName = "current.jsonl";

/** A file longer than that, in bytes, is closed: it gets the number of its last record as name. */
const longestFile = 16 * 1024 * 1024;

/** What is looked through for the last record of a file, in bytes: many times one record. */
const tailBytes = 256 * 1024;

/** Records that can't be written are kept for so many bytes; later ones are lost until then. */
const mostPendingBytes = 1024 * 1024;

/** The audit of a data home, in a folder of its own: files of one record a line. */
export class AuditTrail {
  /** Where the records end that were there before. */
  readonly head: ChainHead;
  readonly #folder: string;
  readonly #longest: number;
  readonly #onProblem: (error: unknown) => void;
  #fd: number;
  #length: number;
  #pending: Buffer = Buffer.alloc(0);
  #fails = false;

  /**
   * Opens the folder's trail to append to it, and makes it where there is none. A last line that is
   * cut off was never written: it is taken away. `onProblem` gets what keeps a record from being
   * written, once until that works again. Throws errors of the file system.
   */
  constructor(
    folder: string,
    onProblem: (error: unknown) => void,
    longest: number = longestFile,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
    this.#longest = longest;
    this.#onProblem = onProblem;
    this.#fd = openSync(join(folder, currentName), "a+", 0o600);
    const tail = readTail(this.#fd);
    this.#length = fstatSync(this.#fd).size - tail.torn;
    if (tail.torn > 0) ftruncateSync(this.#fd, this.#length);
    this.head = tail.head ?? this.#closedHead();
  }

  /** Appends a record, `line` without its end, and `seq` its number. */
  write(line: string, seq: number): void {
    if (this.#pending.length < mostPendingBytes) {
      this.#pending = Buffer.concat([this.#pending, Buffer.from(`${line}\n`)]);
    }
    try {
      while (this.#pending.length > 0) {
        const written = this.put(this.#pending);
        this.#length += written;
        this.#pending = this.#pending.subarray(written);
      }
      this.#fails = false;
      if (this.#length > this.#longest) this.#turn(seq);
    } catch (error) {
      if (!this.#fails) this.#onProblem(error);
      this.#fails = true;
    }
  }

  /** Writes what it can of the bytes, and returns how many that were; tests have it fail. */
  put(bytes: Buffer): number {
    return writeSync(this.#fd, bytes);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #turn(seq: number): void {
    const path = join(this.#folder, currentName);
    renameSync(path, join(this.#folder, closedName(seq)));
    const next = openSync(path, "a+", 0o600);
    closeSync(this.#fd);
    this.#fd = next;
    this.#length = 0;
  }

  /** Where the newest of the closed files ends. */
  #closedHead(): ChainHead {
    const newest = closedNames(this.#folder).at(-1);
    if (newest === undefined) return emptyChain;
    const fd = openSync(join(this.#folder, newest), "r");
    try {
      return readTail(fd).head ?? emptyChain;
    } finally {
      closeSync(fd);
    }
  }
}

/** The lines of all files of the folder's trail, oldest first; none where there is no trail. */
export async function* auditLines(folder: string): AsyncGenerator<string> {
  for (const name of [...closedNames(folder), currentName]) {
    try {
      yield* readLines(join(folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** The number of its last record, of a width that sorts. */
function closedName(seq: number): string {
  return `${String(seq).padStart(12, "0")}.jsonl`;
}

function closedNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d{12}\.jsonl$/.test(name)).sort();
  } catch {
    return [];
  }
}

/**
 * Where the records of a file end, undefined if it has none, and how many bytes after its last
 * line's end are of a line that was cut off. A last line that is no record any more counts by its
 * hash, so that the next record shows that it was there.
 */
function readTail(fd: number): { head: ChainHead | undefined; torn: number } {
  const { size } = fstatSync(fd);
  const buffer = Buffer.alloc(Math.min(size, tailBytes));
  readSync(fd, buffer, 0, buffer.length, size - buffer.length);
  const end = buffer.lastIndexOf(10) + 1;
  const torn = buffer.length - end;
  const lines = buffer.subarray(0, end).toString("utf8").split("\n").slice(0, -1);
  const last = lines.at(-1);
  if (last === undefined) return { head: undefined, torn };
  const behind = lines.toReversed().findIndex((line) => parseRecord(line) !== undefined);
  const seq = behind < 0 ? 0 : parseRecord(lines.at(-1 - behind)!)!.seq + behind;
  return { head: { seq, hash: hashOf(last) }, torn };
}
