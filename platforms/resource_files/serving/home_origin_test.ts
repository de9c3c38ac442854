import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { isAppError } from "../../../src/errors/app_error.ts";
import { memoryLedgerStore } from "../../../test/fakes/memory_ledger_store.ts";
import { closeGrantsOfCopy, withoutClosed } from "./home_origin.ts";

async function openFolder(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "hawser-origin-"));
  t.after(() => rm(home, { recursive: true }));
  const folder = join(home, "controller");
  execFileSync("mkdir", [folder]);
  return folder;
}

/** Copies the folder and puts the copy in its place, later than a clock's tick. */
async function putBack(folder: string): Promise<void> {
  await setTimeout(1100);
  execFileSync("sh", [
    "-c",
    'cp -a "$1" "$1.copy" && rm -r "$1" && mv "$1.copy" "$1"',
    "-",
    folder,
  ]);
}

function grants(...uids: string[]) {
  return () => Promise.resolve(uids);
}

test("closeGrantsOfCopy() closes what is in a copy, for good, and nothing else", async (t) => {
  const folder = await openFolder(t);
  for (let starts = 0; starts < 3; starts++) {
    assert.deepEqual(await closeGrantsOfCopy(folder, grants("a")), []);
  }
  await putBack(folder);
  assert.deepEqual(await closeGrantsOfCopy(folder, grants("a")), ["a"]);
  assert.deepEqual(await closeGrantsOfCopy(folder, grants("a", "b")), ["a"]);
  await putBack(folder);
  assert.deepEqual(await closeGrantsOfCopy(folder, grants("a", "b")), ["a", "b"]);
});

test("closeGrantsOfCopy() takes half a record for none, and a missing witness for no copy", async (t) => {
  const folder = await openFolder(t);
  await closeGrantsOfCopy(folder, grants("a"));
  const file = join(folder, "origin.json");
  await writeFile(file, (await readFile(file, "utf8")).slice(0, 9));
  assert.deepEqual(await closeGrantsOfCopy(folder, grants("a")), []);
  await rm(join(folder, "origin"));
  assert.deepEqual(await closeGrantsOfCopy(folder, grants("a")), []);
});

test("withoutClosed() reads no ledger of a closed grant, and all others", async () => {
  const ledgers = memoryLedgerStore();
  for (const grantUid of ["a", "b"]) {
    await ledgers.write({ grantUid, grantName: "g", counted: 1, redemptions: [] }, undefined);
  }
  const left = withoutClosed(ledgers, new Set(["a"]));
  await assert.rejects(left.read("a"), (error) => isAppError(error, "ledger-outdated"));
  assert.equal((await left.read("b"))!.ledger.counted, 1);
  assert.deepEqual(await left.list(), ["a", "b"]);
});
