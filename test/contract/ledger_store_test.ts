import { memoryLedgerStore } from "../fakes/memory_ledger_store.ts";
import { ledgerStoreContract } from "./ledger_store_contract.ts";

ledgerStoreContract("memory", () => {
  const store = memoryLedgerStore();
  return { store, again: () => store, close() {} };
});
