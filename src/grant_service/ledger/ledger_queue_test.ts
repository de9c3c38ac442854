import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryLedgerStore } from "../../../test/fakes/memory_ledger_store.ts";
import type { Ledger } from "./ledger.ts";
import { LedgerQueue } from "./ledger_queue.ts";

function beginLedger(): Ledger {
  return { grantUid: "uid", grantName: "west", counted: 0, redemptions: [] };
}

function openQueue(store: MemoryLedgerStore): LedgerQueue {
  return new LedgerQueue(() => store, "uid", beginLedger);
}

function countOne(ledger: Ledger): { ledger: Ledger; result: number } {
  const counted = ledger.counted + 1;
  return { ledger: { ...ledger, counted }, result: counted };
}

/** The calls a store gets from now on. */
function observe(store: MemoryLedgerStore): string[] {
  const calls: string[] = [];
  store.trouble.before = (call) => void calls.push(call);
  return calls;
}

test("changes that come at the same time are written together", async () => {
  const store = new MemoryLedgerStore();
  const queue = openQueue(store);
  const results = await Promise.all([1, 2, 3].map(() => queue.update(countOne)));
  assert.deepEqual(results, [1, 2, 3]);
  assert.equal(store.writes, 1);
});

test("a change that another writer came before is made on what that one wrote", async () => {
  const store = new MemoryLedgerStore();
  const [first, second] = [openQueue(store), openQueue(store)];
  await first.update(countOne);
  await second.update(countOne);
  assert.equal(await first.update(countOne), 3);
});

test("changes that come while another writer is first are written with those that it came before", async () => {
  const store = new MemoryLedgerStore();
  const [first, second] = [openQueue(store), openQueue(store)];
  await first.update(countOne);
  await second.update(countOne);
  let late: Promise<number> | undefined;
  store.trouble.before = (call) => {
    if (call === "write") late ??= first.update(countOne);
  };
  const writes = store.writes;
  assert.equal(await first.update(countOne), 3);
  assert.equal(await late, 4);
  assert.equal(store.writes, writes + 1);
});

test("a ledger that others write too is read before it is written", async () => {
  const store = new MemoryLedgerStore();
  const [first, second] = [openQueue(store), openQueue(store)];
  await first.update(countOne);
  const calls = observe(store);
  await first.update(countOne);
  assert.deepEqual(calls.splice(0), ["write"], "it seemed to be the only one");
  await second.update(countOne);
  assert.deepEqual(calls.splice(0), ["read", "write"]);
  await first.update(countOne);
  assert.deepEqual(calls.splice(0), ["write", "read", "write"]);
  await first.update(countOne);
  assert.deepEqual(calls.splice(0), ["read", "write"]);
  assert.equal((await first.current()).counted, 5);
});

test("where others keep coming first, that is the outcome in the end", async () => {
  const store = new MemoryLedgerStore();
  const [queue, other] = [openQueue(store), openQueue(store)];
  await queue.update(countOne);
  let isOwn = false;
  store.trouble.before = async (call) => {
    if (call !== "write" || isOwn) return;
    isOwn = true;
    await other.update(countOne);
    isOwn = false;
  };
  await assert.rejects(queue.update(countOne), { code: "conflict" });
});
