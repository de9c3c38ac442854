import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import { type NamespacePaths, namespacePaths, siteStatePaths } from "../paths.ts";
import { pendingKeyFiles } from "./pending_keys.ts";
import { createSiteAuthority, siteUid } from "../site/site_authority.ts";

const signal = new AbortController().signal;

async function withSite(use: (paths: NamespacePaths, folder: string) => Promise<void>) {
  const home = await mkdtemp(join(tmpdir(), "pending-"));
  try {
    const paths = namespacePaths(home, "east");
    await createSiteAuthority(paths);
    await use(paths, siteStatePaths(paths, (await siteUid(paths))!).pending);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function makeNothing(): Promise<string> {
  throw new Error("a key was made although one is there");
}

test("pendingKeyFiles() gives the same key until it is forgotten", () =>
  withSite(async (paths, folder) => {
    const keys = pendingKeyFiles(paths);
    assert.equal(await keys.obtain("one", () => Promise.resolve("first"), signal), "first");
    assert.equal(await pendingKeyFiles(paths).obtain("one", makeNothing, signal), "first");
    assert.equal(await keys.obtain("two", () => Promise.resolve("other"), signal), "other");
    await keys.forget("one", signal);
    await keys.forget("one", signal);
    assert.equal(await keys.obtain("one", () => Promise.resolve("second"), signal), "second");
    for (const name of await readdir(folder)) {
      assert.match(name, /^[0-9a-f]{64}\.key$/);
      if (process.platform !== "win32") {
        assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
      }
    }
  }));

test("pendingKeyFiles() gives all who ask at once the same key", () =>
  withSite(async (paths, folder) => {
    const obtained = await Promise.all(
      Array.from(
        { length: 20 },
        (_, number) =>
          pendingKeyFiles(paths).obtain("one", () => Promise.resolve(`key ${number}`), signal),
      ),
    );
    assert.equal(new Set(obtained).size, 1);
    const [name, ...others] = await readdir(folder);
    assert.deepEqual(others, []);
    assert.equal(await readFile(join(folder, name!), "utf8"), obtained[0]);
  }));

test("pendingKeyFiles() stores nothing once the signal has aborted", () =>
  withSite(async (paths, folder) => {
    const stop = new AbortController();
    const make = () => {
      stop.abort(new Error("stopped"));
      return Promise.resolve("key");
    };
    await assert.rejects(pendingKeyFiles(paths).obtain("one", make, stop.signal), /stopped/);
    await assert.rejects(readdir(folder));
  }));

test("pendingKeyFiles() needs a site", async () => {
  const home = await mkdtemp(join(tmpdir(), "pending-"));
  try {
    const keys = pendingKeyFiles(namespacePaths(home, "east"));
    await assert.rejects(
      keys.obtain("one", makeNothing, signal),
      (error) => isAppError(error, "site-missing"),
    );
    await keys.forget("one", signal);
    assert.deepEqual(await readdir(home), []);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
