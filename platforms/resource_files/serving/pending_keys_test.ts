import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import { type NamespacePaths, namespacePaths, siteStatePaths } from "../paths.ts";
import { pendingKeyFiles } from "./pending_keys.ts";
import { createKeyPair } from "../../../src/pki/key_pair.ts";
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

const [first, second, other] = await Promise.all(
  [1, 2, 3].map(async () => (await createKeyPair()).privateKeyPem),
) as [string, string, string];

async function makeKey(): Promise<string> {
  return (await createKeyPair()).privateKeyPem;
}

function makeNothing(): Promise<string> {
  throw new Error("a key was made although one is there");
}

test("pendingKeyFiles() gives the same key until it is forgotten", () =>
  withSite(async (paths, folder) => {
    const keys = pendingKeyFiles(paths);
    assert.equal(await keys.obtain("one", () => Promise.resolve(first), signal), first);
    assert.equal(await pendingKeyFiles(paths).obtain("one", makeNothing, signal), first);
    assert.equal(await keys.obtain("two", () => Promise.resolve(other), signal), other);
    await keys.forget("one", signal);
    await keys.forget("one", signal);
    assert.equal(await keys.obtain("one", () => Promise.resolve(second), signal), second);
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
        async () => await pendingKeyFiles(paths).obtain("one", makeKey, signal),
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

test("pendingKeyFiles() takes a file without a whole key for none, whoever asks at once", () =>
  withSite(async (paths, folder) => {
    await pendingKeyFiles(paths).obtain("one", () => Promise.resolve(first), signal);
    const [name] = await readdir(folder);
    const path = join(folder, name!);
    for (const left of ["", "\0".repeat(100), first.slice(0, 60), first.replace("M", "!")]) {
      await writeFile(path, left);
      const obtained = await Promise.all(
        Array.from(
          { length: 5 },
          () => pendingKeyFiles(paths).obtain("one", makeKey, signal),
        ),
      );
      assert.equal(new Set(obtained).size, 1);
      assert.equal(await readFile(path, "utf8"), obtained[0]);
    }
  }));

test("pendingKeyFiles() has the key say when it was asked for last", () =>
  withSite(async (paths, folder) => {
    const keys = pendingKeyFiles(paths);
    await keys.obtain("one", () => Promise.resolve(first), signal);
    const path = join(folder, (await readdir(folder))[0]!);
    const before = (await stat(path)).ctimeMs;
    while ((await stat(path)).ctimeMs === before) await keys.obtain("one", makeNothing, signal);
    assert.equal((await stat(path)).mode & 0o077, 0);
  }));
