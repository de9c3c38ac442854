import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
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

test("closeGrantsOfCopy() knows a copy that was written over what was there", async (t) => {
  const folder = await openFolder(t);
  await closeGrantsOfCopy(folder, grants("a"));
  const copy = `${folder}.copy`;
  execFileSync("cp", ["-a", folder, copy]);
  await setTimeout(1100);
  assert.deepEqual(await closeGrantsOfCopy(folder, grants("a")), []);
  execFileSync("sh", ["-c", 'cp -a "$1"/. "$2"', "-", copy, folder]);
  assert.deepEqual(await closeGrantsOfCopy(folder, grants("a")), ["a"]);
  assert.deepEqual(await closeGrantsOfCopy(folder, grants("a", "b")), ["a"]);
  assert.equal((await readdir(folder)).length, 2);
});

test("closeGrantsOfCopy() takes half a record, and a missing witness, for a copy's", async (t) => {
  const folder = await openFolder(t);
  await closeGrantsOfCopy(folder, grants("a"));
  const file = join(folder, "origin.json");
  const whole = await readFile(file, "utf8");
  await writeFile(file, whole.slice(0, 9));
  assert.deepEqual(await closeGrantsOfCopy(folder, grants("a")), ["a"]);
  await rm(join(folder, JSON.parse(await readFile(file, "utf8")).witness));
  assert.deepEqual(await closeGrantsOfCopy(folder, grants("a", "b")), ["a", "b"]);
});

test("closeGrantsOfCopy() goes on from what an older version has written", async (t) => {
  const folder = await openFolder(t);
  await writeFile(join(folder, "origin"), "");
  const { birthtimeMs: bornMs } = await stat(join(folder, "origin"));
  await writeFile(join(folder, "origin.json"), JSON.stringify({ bornMs, closed: ["a"] }));
  for (let starts = 0; starts < 2; starts++) {
    assert.deepEqual(await closeGrantsOfCopy(folder, grants("a", "b")), ["a"]);
  }
  assert.equal((await readdir(folder)).length, 2);
});

test("withoutClosed() reads no ledger of a closed grant, and all others", async () => {
  const ledgers = memoryLedgerStore();
  for (const grantUid of ["a", "b"]) {
    await ledgers.write({ grantUid, grantName: "g", counted: 1, redemptions: [] }, undefined);
  }
  const left = withoutClosed(ledgers, () => Promise.resolve(new Set(["a"])));
  await assert.rejects(left.read("a"), (error) => isAppError(error, "ledger-outdated"));
  assert.equal((await left.read("b"))!.ledger.counted, 1);
  assert.deepEqual(await left.list(), ["a", "b"]);
});
