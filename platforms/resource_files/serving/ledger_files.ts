import { Buffer } from "node:buffer";
import {
  closeSync,
  existsSync,
  fdatasync,
  ftruncateSync,
  openSync,
  statSync,
  writeSync,
} from "node:fs";
import { readdir, readFile, rm, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import type { LedgerStore, StoredLedger } from "../../../src/grant_service/ledger/backing.ts";
import type { Ledger } from "../../../src/grant_service/ledger/ledger.ts";
import { makePrivateFolder, syncFolder, writeWhole } from "../../../src/runtime/files.ts";
import { explainSystemError } from "../../../src/runtime/system_error.ts";
import { readLine, writeLine } from "./ledger_line.ts";
import {
  applyRecord,
  copyLedger,
  type LedgerRecord,
  recordChange,
  recordsOf,
  shareLedger,
  type VersionedLedger,
} from "./ledger_record.ts";

/** A ledger as last read or written, and what tells whether its file is still that one. */
interface KnownLedger extends VersionedLedger {
  identity: string;
  /** Bytes of whole lines; beyond them may lie the rest of a write that a crash cut short. */
  bytes: number;
  /** Of its last line; "" if an older version wrote the file. */
  checksum: string;
}

const extension = ".jsonl";

/**
 * Ledgers as files `<folder>/<grant uid>.jsonl`, mode 0600. A write appends one line, or replaces
 * the file where something must be erased; both are on the disk when it resolves. One process
 * writes at a time; the version still tells when another one did. `folder` gives undefined while
 * the namespace has no site: then there are no ledgers, and a write throws `site-missing`.
 */
export class LedgerFiles implements LedgerStore {
  readonly #namespace: string;
  readonly #folder: () => Promise<string | undefined>;
  readonly #makeFolder: (folder: string) => Promise<void>;
  readonly #known = new Map<string, KnownLedger>();
  /** Folders whose names are on the disk. */
  readonly #settled = new Set<string>();
  readonly #tails = new Map<string, Promise<unknown>>();

  /** `makeFolder` makes a folder that is not there, if it is still to be. */
  constructor(
    namespace: string,
    folder: () => Promise<string | undefined>,
    makeFolder: (folder: string) => Promise<void> = makePrivateFolder,
  ) {
    this.#makeFolder = makeFolder;
    this.#namespace = namespace;
    this.#folder = folder;
  }

  async read(grantUid: string): Promise<StoredLedger | undefined> {
    const path = await this.#path(grantUid);
    if (path === undefined) return undefined;
    return await this.#inTurn(path, async () => {
      const known = await this.#load(path);
      return known && { ledger: copyLedger(known.ledger), version: String(known.version) };
    });
  }

  async write(ledger: Ledger, version: string | undefined): Promise<string> {
    const path = await this.#path(ledger.grantUid);
    if (path === undefined) {
      throw appError("site-missing", { namespace: this.#namespace, purpose: "redeem a token" });
    }
    return await this.#inTurn(path, async () => {
      const known = await this.#load(path);
      if (version !== (known && String(known.version))) {
        throw appError("conflict", { kind: "Ledger of access grant", name: ledger.grantName });
      }
      const next = (known?.version ?? 0) + 1;
      // what an older version wrote is written anew, with checksums
      const record = known?.checksum ? recordChange(known.ledger, ledger, next) : undefined;
      // forgotten first: after a failure the file is the only truth
      this.#known.delete(path);
      this.#known.set(
        path,
        record === undefined
          ? await this.#replace(path, { version: next, ledger: shareLedger(ledger) })
          : { ...await append(path, known!, record), ledger: shareLedger(ledger) },
      );
      return String(next);
    });
  }

  async remove(grantUid: string): Promise<void> {
    const path = await this.#path(grantUid);
    if (path === undefined) return;
    await this.#inTurn(path, async () => {
      this.#known.delete(path);
      await rm(path, { force: true });
    });
  }

  async list(): Promise<string[]> {
    const folder = await this.#folder();
    if (folder === undefined) return [];
    const names = await readdir(folder).catch((): string[] => []);
    return names.filter((name) => name.endsWith(extension))
      .map((name) => decodeURIComponent(name.slice(0, -extension.length))).toSorted();
  }

  async #replace(path: string, next: VersionedLedger): Promise<KnownLedger> {
    const folder = dirname(path);
    if (!existsSync(folder)) await this.#makeFolder(folder);
    // the file may have its new name, and the disk not know it, when this fails
    this.#settled.delete(folder);
    const known = await writeAll(path, next);
    this.#settled.add(folder);
    return known;
  }

  async #path(grantUid: string): Promise<string | undefined> {
    const folder = await this.#folder();
    // encoded, the uid can name nothing outside the folder
    return folder && join(folder, encodeURIComponent(grantUid) + extension);
  }

  /**
   * Has on the disk what was read: a process that was killed may have written it, or given the file
   * its name, and a power cut would take that back after it was answered from.
   */
  async #settle(path: string): Promise<void> {
    const folder = dirname(path);
    try {
      const file = openSync(path, "r");
      try {
        await syncData(file);
      } finally {
        closeSync(file);
      }
      if (!this.#settled.has(folder)) await syncFolder(folder);
    } catch (cause) {
      throw appError("not-readable", { path, why: explainSystemError(cause) }, { cause });
    }
    this.#settled.add(folder);
  }

  async #load(path: string): Promise<KnownLedger | undefined> {
    const identity = identify(path);
    if (identity === undefined) {
      this.#known.delete(path);
      return undefined;
    }
    const known = this.#known.get(path);
    if (known?.identity === identity) return known;
    const read = await readLedger(path, identity);
    await this.#settle(path);
    this.#known.set(path, read);
    return read;
  }

  /** Runs what concerns one file one after the other. */
  async #inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#tails.get(path) ?? Promise.resolve()).then(work);
    const tail = turn.catch(() => {});
    this.#tails.set(path, tail);
    try {
      return await turn;
    } finally {
      if (this.#tails.get(path) === tail) this.#tails.delete(path);
    }
  }
}

async function writeAll(path: string, next: VersionedLedger): Promise<KnownLedger> {
  let text = "";
  let checksum = "";
  for (const record of recordsOf(next)) {
    const line = writeLine(JSON.stringify(record), checksum);
    text += line.text;
    checksum = line.checksum;
  }
  const bytes = Buffer.from(text);
  await writeWhole(path, bytes, { mode: 0o600, replace: "always" });
  return { ...next, identity: identify(path)!, bytes: bytes.length, checksum };
}

/**
 * Appends a line to the file of a known ledger. All but what waits for the disk is done at once:
 * asking a thread takes longer.
 */
async function append(
  path: string,
  known: KnownLedger,
  record: LedgerRecord,
): Promise<Omit<KnownLedger, "ledger">> {
  const from = known.bytes;
  const { text, checksum } = writeLine(JSON.stringify(record), known.checksum);
  const line = Buffer.from(text);
  try {
    const file = openSync(path, "r+");
    try {
      ftruncateSync(file, from);
      // a disk that fills up takes a part, and refuses the rest only when asked again
      for (let done = 0; done < line.length;) {
        done += writeSync(file, line, done, line.length - done, from + done);
      }
      await syncData(file);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    // a line that was reported as failed must not count after all
    await truncate(path, from).catch(() => {});
    throw appError("not-writable", { path, why: explainSystemError(cause) }, { cause });
  }
  return {
    version: record.version,
    identity: identify(path)!,
    bytes: from + line.length,
    checksum,
  };
}

function syncData(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(file, (error) => error === null ? resolve() : reject(error));
  });
}

/**
 * Reads the lines of a ledger, but for the rest of a write that was cut short. Throws
 * `ledger-damaged`: what can't be read may have spent uses.
 */
async function readLedger(path: string, identity: string): Promise<KnownLedger> {
  const content = await readFile(path);
  let state: VersionedLedger | undefined;
  let bytes = 0;
  let checksum = "";
  while (bytes < content.length) {
    const line = readLine(content, bytes, checksum);
    if (line === "torn" && state !== undefined) break;
    if (line === "torn" || line === "damaged") throw damaged(path);
    try {
      state = applyRecord(state, JSON.parse(line.json));
    } catch (cause) {
      throw damaged(path, cause);
    }
    bytes = line.end;
    checksum = line.checksum;
  }
  if (state === undefined) throw damaged(path);
  return { ...state, identity, bytes, checksum };
}

function identify(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found && `${found.ino} ${found.size} ${found.mtimeMs}`;
  } catch (cause) {
    throw appError("not-readable", { path, why: explainSystemError(cause) }, { cause });
  }
}

function damaged(path: string, cause?: unknown) {
  return appError("ledger-damaged", { where: path }, { cause });
}
