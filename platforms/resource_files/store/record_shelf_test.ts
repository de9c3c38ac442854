import assert from "node:assert/strict";
import {
  access,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Platform } from "../../../src/platform/platform.ts";
import type { AccessGrant } from "../../../src/resources/access_grant.ts";
import { type NamespacePaths, namespacePaths, siteStatePaths } from "../paths.ts";
import { FileStore } from "./store.ts";

const signal = new AbortController().signal;

function grantText(code: string): string {
  return `# my grant
apiVersion: skupper.io/v2alpha1
kind: AccessGrant
metadata:
  name: g
  labels: { by: hand }
spec:
  code: ${code}
`;
}

describe("AccessGrants and AccessTokens", () => {
  let home: string;
  let paths: NamespacePaths;
  let siteUid: string | undefined;
  let store: Platform;
  let steady = 0;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "records-"));
    paths = namespacePaths(home, "west");
    siteUid = "1234";
    store = new FileStore("linux", paths, {
      siteUid: () => Promise.resolve(siteUid),
      steady: () => steady,
      deriveStatus: () => Promise.resolve(undefined),
    });
  });

  afterEach(() => rm(home, { recursive: true }));

  async function recordOf(name: string): Promise<string> {
    const folder = siteStatePaths(paths, siteUid!).resources;
    return join(folder, (await readdir(folder)).find((file) => file.includes(name))!);
  }

  test("a record that can't be read is not gone, nor is its grant another one", async () => {
    const file = await put(grantText("first-code"));
    const grant = (await store.get("AccessGrant", "g", signal))!;
    const { metadata: { uid } } = await store.apply<"AccessGrant">(grant, signal);
    const record = await recordOf("g");
    const whole = await readFile(record);
    for (const broken of ["", "kind: {", whole.subarray(0, 30)]) {
      await writeFile(record, broken);
      await assert.rejects(store.get("AccessGrant", "g", signal));
      assert.deepEqual(await store.list("AccessGrant", signal), []);
      await assert.rejects(store.apply<"AccessGrant">(grant, signal));
    }
    await rm(file);
    await assert.rejects(store.get("AccessGrant", "g", signal));
    await put(grantText("first-code"));
    await writeFile(record, whole);
    assert.equal((await store.get("AccessGrant", "g", signal))!.metadata.uid, uid);
  });

  async function put(text: string, file = "mine.yaml"): Promise<string> {
    await mkdir(paths.inputResources, { recursive: true });
    await writeFile(join(paths.inputResources, file), text);
    return join(paths.inputResources, file);
  }

  async function get(): Promise<AccessGrant> {
    const grant = await store.get("AccessGrant", "g", signal);
    assert.ok(grant);
    return grant;
  }

  /** Has the change of the input be seen, and makes it one of long ago. */
  async function passTime(): Promise<void> {
    await store.list("AccessGrant", signal);
    await utimes(paths.inputResources, 0, 0);
    steady += 10_000;
  }

  function recordPath(): string {
    return join(siteStatePaths(paths, "1234").resources, "AccessGrant-g.yaml");
  }

  async function recordExists(): Promise<boolean> {
    return await access(recordPath()).then(() => true, () => false);
  }

  const applied: AccessGrant = {
    apiVersion: "skupper.io/v2alpha1",
    kind: "AccessGrant",
    metadata: { name: "g" },
    spec: { code: "secret" },
    status: { code: "secret", redemptions: 3 },
  };

  test("that are applied are kept beside upstream's namespaces, for the owner alone", async () => {
    const stored = await store.apply<"AccessGrant">(applied, signal);
    assert.deepEqual(stored.status, applied.status);
    assert.deepEqual(await readdir(home), ["hawser"]);
    assert.equal((await stat(recordPath())).mode & 0o777, 0o600);
    assert.equal((await stat(siteStatePaths(paths, "1234").resources)).mode & 0o777, 0o700);
    assert.match(await readFile(recordPath(), "utf8"), /^ +uid: [0-9a-f-]{36}$/m);
  });

  test("of a site that was made anew are not those of the old one", async () => {
    await store.apply<"AccessGrant">(applied, signal);
    siteUid = "5678";
    assert.deepEqual(await store.list("AccessGrant", signal), []);
    siteUid = undefined;
    assert.deepEqual(await store.list("AccessGrant", signal), []);
    siteUid = "1234";
    assert.equal((await store.list("AccessGrant", signal)).length, 1);
  });

  test("cannot be applied without a site", async () => {
    siteUid = undefined;
    await assert.rejects(store.apply<"AccessGrant">(applied, signal), { code: "site-missing" });
    await put(grantText("hand"));
    const grant = await get();
    assert.equal(grant.metadata.uid, undefined);
    await assert.rejects(store.apply<"AccessGrant">(grant, signal), { code: "site-missing" });
  });

  describe("put into the input by hand", () => {
    test("have an identity at once, which the first apply makes last", async () => {
      const file = await put(grantText("one"));
      const { metadata } = await get();
      assert.equal(metadata.generation, 1);
      assert.deepEqual((await get()).metadata, metadata);
      const status = { redemptions: 1 };
      const stored = await store.apply<"AccessGrant">({ ...await get(), status }, signal);
      assert.equal(stored.metadata.uid, metadata.uid);
      assert.equal(stored.metadata.creationTimestamp, metadata.creationTimestamp);
      assert.deepEqual(stored.status, status);
      assert.equal(await readFile(file, "utf8"), grantText("one"));
      await put(grantText("one"));
      assert.deepEqual(await get(), stored);
      assert.ok(!JSON.stringify(stored).includes("origin"));
    });

    test("have the say about spec and labels; a new spec raises the generation", async () => {
      await put(grantText("one"));
      const grant = { ...await get(), spec: { code: "mine" }, status: { redemptions: 1 } };
      const stored = await store.apply<"AccessGrant">(grant, signal);
      // made in the file, for who changes one in place
      assert.deepEqual(stored.spec, { code: "mine" });
      await put(grantText("two").replace("hand", "foot"));
      for (const seen of [await get(), await store.apply<"AccessGrant">(await get(), signal)]) {
        assert.deepEqual(seen.spec, { code: "two" });
        assert.deepEqual(seen.metadata.labels, { by: "foot" });
        assert.equal(seen.metadata.generation, 2);
        assert.equal(seen.metadata.uid, stored.metadata.uid);
        assert.deepEqual(seen.status, { redemptions: 1 });
      }
      assert.equal((await get()).metadata.generation, 2);
    });

    test("are in conflict with an apply of what their file held before", async () => {
      await put(grantText("one"));
      const grant = await get();
      await put(grantText("two"));
      await assert.rejects(store.apply<"AccessGrant">(grant, signal), { code: "conflict" });
    });

    test("are gone when their file is, and new when they are put again", async () => {
      const file = await put(grantText("one"));
      const { metadata } = await store.apply<"AccessGrant">(await get(), signal);
      await rm(file);
      await passTime();
      assert.equal(await store.get("AccessGrant", "g", signal), undefined);
      assert.deepEqual(await store.list("AccessGrant", signal), []);
      assert.equal(await recordExists(), false);
      await put(grantText("one"));
      assert.notEqual((await get()).metadata.uid, metadata.uid);
    });

    test("stay as they were while their file is replaced", async () => {
      const file = await put(grantText("one"));
      const stored = await store.apply<"AccessGrant">(await get(), signal);
      await rename(file, `${file}~`);
      assert.deepEqual(await store.list("AccessGrant", signal), [await get()]);
      const status = { redemptions: 1 };
      const given = await store.apply<"AccessGrant">({ ...await get(), status }, signal);
      assert.equal(given.metadata.uid, stored.metadata.uid);
      await put(grantText("one"));
      assert.equal((await get()).metadata.uid, stored.metadata.uid);
      assert.deepEqual((await get()).status, status);
      await rm(file);
      await passTime();
      assert.deepEqual(await store.list("AccessGrant", signal), []);
    });

    test("stay while their file is replaced, whatever the clock makes of the folder's time", async () => {
      const file = await put(grantText("one"));
      const stored = await store.apply<"AccessGrant">(await get(), signal);
      await get();
      await rename(file, `${file}~`);
      await utimes(paths.inputResources, 0, 0);
      const [left] = await store.list("AccessGrant", signal);
      assert.equal(left?.metadata.uid, stored.metadata.uid);
      await put(grantText("one"));
      assert.equal((await get()).metadata.uid, stored.metadata.uid);
    });

    test("are gone when their document is, not when it moves to another file", async () => {
      const file = await put(grantText("one"));
      const stored = await store.apply<"AccessGrant">(await get(), signal);
      await rm(file);
      await put(grantText("one"), "other.yaml");
      assert.deepEqual(await store.list("AccessGrant", signal), [stored]);
      await put("{}", "other.yaml");
      await put("{}");
      await passTime();
      assert.deepEqual(await store.list("AccessGrant", signal), []);
      assert.equal(await recordExists(), false);
    });

    test("stay as they were while their file is half written or broken", async () => {
      await put(grantText("one"));
      const stored = await store.apply<"AccessGrant">(await get(), signal);
      for (const text of ["", "a: [", grantText("one").replace("code: one", "code: [")]) {
        await put(text);
        const [seen, ...more] = await store.list("AccessGrant", signal);
        assert.deepEqual(more, []);
        assert.deepEqual(seen?.spec, { code: "one" });
        assert.equal(seen?.metadata.uid, stored.metadata.uid);
      }
      await put(grantText("one"));
      assert.deepEqual(await get(), stored);
    });

    test("stay as long as the file that held them is written piece by piece", async () => {
      const others = "kind: Listener\n---\n".repeat(3);
      const file = await put(others + grantText("one"));
      const stored = await store.apply<"AccessGrant">(await get(), signal);
      const other = new FileStore("linux", paths, {
        siteUid: () => Promise.resolve(siteUid),
        deriveStatus: () => Promise.resolve(undefined),
      });
      for (let end = 1; end < others.length; end += 5) {
        await writeFile(file, others.slice(0, end));
        for (const each of [store, other]) {
          const [seen] = await each.list("AccessGrant", signal);
          assert.equal(seen?.metadata.uid, stored.metadata.uid, `after ${end} bytes`);
        }
        steady += 4000;
      }
      await writeFile(file, others + grantText("one"));
      assert.deepEqual(await get(), stored);
      await writeFile(file, others);
      await passTime();
      assert.deepEqual(await store.list("AccessGrant", signal), []);
    });

    test("are new when their file was away and is put back as it was", async () => {
      const file = await put(grantText("one"));
      const { metadata } = await store.apply<"AccessGrant">(await get(), signal);
      const before = await stat(file);
      let after: typeof before;
      await rename(file, join(home, "aside"));
      await passTime();
      assert.deepEqual(await store.list("AccessGrant", signal), []);
      do {
        await rename(join(home, "aside"), file);
        after = await stat(file);
        // Deno tells this time in whole seconds
        if (after.ctimeMs === before.ctimeMs) await rename(file, join(home, "aside"));
      } while (after.ctimeMs === before.ctimeMs);
      assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
      assert.notEqual((await get()).metadata.uid, metadata.uid);
    });

    test("are removed from their file, and their record with them", async () => {
      const file = await put(`${grantText("one")}---\nkind: Listener\n`);
      await store.apply<"AccessGrant">(await get(), signal);
      await store.remove("AccessGrant", "g", signal);
      assert.equal(await readFile(file, "utf8"), "---\nkind: Listener\n");
      assert.equal(await recordExists(), false);
      assert.deepEqual(await store.list("AccessGrant", signal), []);
    });
  });
});
