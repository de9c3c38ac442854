import { mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "node:test";
import { LedgerFiles } from "../../platforms/resource_files/serving/ledger_files.ts";
import { memoryLedgerStore } from "../fakes/memory_ledger_store.ts";
import { ledgerStoreContract } from "./ledger_store_contract.ts";

describe("LedgerStore of memory", () => {
  ledgerStoreContract(() => {
    const store = memoryLedgerStore();
    return { store, again: () => store, close() {} };
  });
});

describe("LedgerStore of files", () => {
  ledgerStoreContract(async () => {
    const folder = await mkdtemp(join(tmpdir(), "ledgers-"));
    const open = () => new LedgerFiles("west", () => Promise.resolve(folder));
    return {
      store: open(),
      again: open,
      async damage(uid) {
        const file = join(folder, `${uid}.jsonl`);
        const bytes = await readFile(file);
        bytes[bytes.length - 3] = 0;
        await writeFile(file, bytes);
        // later than the write before, which may have been in the same tick of the file system
        await utimes(file, new Date(), new Date(Date.now() + 1000));
      },
      close: () => rm(folder, { recursive: true }),
    };
  });
});
