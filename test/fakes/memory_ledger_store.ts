import { appError } from "../../src/errors/app_error.ts";
import type { LedgerStore, StoredLedger } from "../../src/grant_service/ledger/backing.ts";
import type { Ledger } from "../../src/grant_service/ledger/ledger.ts";

/** What may happen to a call before it reaches the store, or to its answer. */
export interface StoreTrouble {
  /** Runs before each call; what it throws is the call's outcome. */
  before?(call: "read" | "write" | "remove" | "list"): Promise<void> | void;
  /** Runs after a write is stored; what it throws is the write's outcome all the same. */
  afterWrite?(ledger: Ledger): Promise<void> | void;
}

/** Ledgers in memory, compare-and-set, with troubles on demand. */
export function memoryLedgerStore(trouble?: StoreTrouble): MemoryLedgerStore {
  return new MemoryLedgerStore(trouble);
}

/** What memoryLedgerStore() makes. */
export class MemoryLedgerStore implements LedgerStore {
  readonly #stored = new Map<string, { text: string; version: number }>();
  #version = 0;
  trouble: StoreTrouble;
  /** How many writes were stored. */
  writes = 0;

  constructor(trouble: StoreTrouble = {}) {
    this.trouble = trouble;
  }

  async read(grantUid: string): Promise<StoredLedger | undefined> {
    await this.trouble.before?.("read");
    const stored = this.#stored.get(grantUid);
    return stored && { ledger: JSON.parse(stored.text), version: String(stored.version) };
  }

  async write(ledger: Ledger, version: string | undefined): Promise<string> {
    const text = JSON.stringify(ledger);
    await this.trouble.before?.("write");
    const stored = this.#stored.get(ledger.grantUid);
    if (version !== (stored && String(stored.version))) {
      throw appError("conflict", { kind: "Ledger", name: ledger.grantName });
    }
    this.#stored.set(ledger.grantUid, { text, version: ++this.#version });
    this.writes++;
    await this.trouble.afterWrite?.(ledger);
    return String(this.#version);
  }

  async remove(grantUid: string): Promise<void> {
    await this.trouble.before?.("remove");
    this.#stored.delete(grantUid);
  }

  async list(): Promise<string[]> {
    await this.trouble.before?.("list");
    return [...this.#stored.keys()].toSorted();
  }

  /** A copy of all that is stored, as a backup holds it. */
  copy(): ReadonlyMap<string, { text: string; version: number }> {
    return new Map(this.#stored);
  }

  /** Puts a copy in the place of what is stored. */
  restore(copy: ReadonlyMap<string, { text: string; version: number }>): void {
    this.#stored.clear();
    for (const [uid, stored] of copy) this.#stored.set(uid, stored);
  }

  /** Everything stored, as text: what a thief of the store would hold. */
  dump(): string {
    return [...this.#stored.values()].map(({ text }) => text).join("\n");
  }
}
