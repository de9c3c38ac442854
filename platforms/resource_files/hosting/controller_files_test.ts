import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import { tryLock } from "../../../src/runtime/lock.ts";
import {
  controllerFiles,
  type ControllerState,
  isHeld,
  makeControllerFolder,
  readState,
  servingSince,
  writeState,
} from "./controller_files.ts";

async function openFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-files-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

const state: ControllerState = {
  platform: "linux",
  pid: 1,
  version: "0.1.0",
  startedAt: "2026-11-22T12:00:00Z",
  options: {},
};
const listening = { ...state, grantUrl: "https://west:9090", operationsUrl: "http://127.0.0.1:1" };

test("a controller serves once it holds the lock and listens, and no longer", async (t) => {
  const files = controllerFiles(await openFolder(t));
  assert.equal(isHeld(files), false);
  await makeControllerFolder(files);
  const lock = tryLock(files.lock)!;
  assert.equal(isHeld(files), true);
  await writeState(files, state);
  assert.equal(await servingSince(files), undefined);
  await writeState(files, listening);
  assert.equal(await servingSince(files), state.startedAt);
  lock.release();
  assert.equal(isHeld(files), false);
  assert.equal(await servingSince(files), undefined, "what a crash left behind is no controller");
});

test("what the controller keeps is its owner's alone", async (t) => {
  const files = controllerFiles(await openFolder(t));
  await makeControllerFolder(files);
  await writeState(files, listening);
  assert.equal((await stat(files.folder)).mode & 0o777, 0o700);
  assert.equal((await stat(files.state)).mode & 0o777, 0o600);
  assert.deepEqual(await readState(files), listening);
});

test("a data home that can't be one is refused", async (t) => {
  const file = join(await openFolder(t), "file");
  await writeFile(file, "");
  await assert.rejects(
    makeControllerFolder(controllerFiles(file)),
    (error) => isAppError(error, "data-home-unusable"),
  );
});
