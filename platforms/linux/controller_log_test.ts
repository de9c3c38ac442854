import assert from "node:assert/strict";
import {
  appendFile,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openLog } from "./controller_log.ts";

async function placeLog(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-log-"));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, "controller.log");
}

test("openLog() reads what is new, and no more", async (t) => {
  const path = await placeLog(t);
  await writeFile(path, "before\n");
  const log = await openLog(path);
  assert.equal(await log.read(), "");
  await appendFile(path, "grüße\n");
  assert.equal(await log.read(), "grüße\n");
  assert.equal(await log.read(), "grüße\n");
  await truncate(path);
  assert.equal(await log.read(), "");
  await log.close();
});

test("openLog() puts a long log aside", async (t) => {
  const path = await placeLog(t);
  for (const name of [path, `${path}.1`]) {
    await writeFile(name, "old\n");
    await truncate(name, 3 * 2 ** 30);
  }
  const log = await openLog(path);
  await appendFile(path, "new\n");
  assert.equal(await log.read(), "new\n");
  await log.close();
  assert.equal(await readFile(path, "utf8"), "new\n");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual((await readdir(join(path, ".."))).sort(), [
    "controller.log",
    "controller.log.1",
  ]);
});
