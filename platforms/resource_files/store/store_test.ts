import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type AppError } from "../../../src/errors/app_error.ts";
import type { Secret } from "../../../src/resources/secret.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { openTestStore, spawnStoreProcess } from "../../../test/contract/test_store.ts";

const signal = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

describe("the store of resource files", () => {
  let home: string;
  let undo: (() => void | Promise<void>)[];

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "store-"));
    undo = [() => rm(home, { recursive: true })];
  });

  afterEach(async () => {
    for (const step of undo.toReversed()) await step();
  });

  function makeSecret(name: string, content: string): Secret {
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      stringData: { content, end: "end" },
    };
  }

  test("holds whole files only, whenever its writer is killed", async () => {
    const problems: AppError[] = [];
    const store = openTestStore(home, (problem) => problems.push(problem));
    for (let round = 0; round < 4; round++) {
      const writer = spawnStoreProcess(home, "rewrite", "1000");
      const exit = once(writer, "exit");
      await once(writer.stdout, "data");
      while ((await store.list("Secret", signal)).length === 0) await sleep(5);
      await sleep(50 + 150 * Math.random());
      writer.kill("SIGKILL");
      assert.deepEqual(await exit, [null, "SIGKILL"]);
      const secrets = await store.list("Secret", signal);
      assert.ok(secrets.length > 0);
      for (const secret of secrets) assert.equal(secret.stringData?.["end"], "end");
      for (const grant of await store.list("AccessGrant", signal)) {
        assert.equal(grant.spec?.settings?.["end"], "end");
      }
      await store.apply<"Secret">(makeSecret("mine", String(round)), signal);
    }
    assert.deepEqual(problems, []);
  });

  test("sweeps up what killed writers left, once it is old", async () => {
    const store = openTestStore(home);
    await store.apply<"Secret">(makeSecret("x", "1"), signal);
    const folder = join(home, "namespaces", "west", "input", "resources");
    for (const [file, ageMs] of [["old", 120_000], ["new", 0]] as const) {
      const path = join(folder, `.hawser-${Buffer.from(file).toString("hex")}.tmp`);
      await writeFile(path, "");
      await utimes(path, new Date(), new Date(Date.now() - ageMs));
    }
    await store.apply<"Secret">(makeSecret("y", "1"), signal);
    assert.deepEqual(
      (await readdir(folder)).toSorted(),
      [`.hawser-${Buffer.from("new").toString("hex")}.tmp`, "Secret-x.yaml", "Secret-y.yaml"],
    );
  });

  test("says what is wrong with a data home that is a file", async () => {
    const file = join(home, "file");
    await writeFile(file, "");
    const store = openTestStore(file);
    await assert.rejects(store.apply<"Secret">(makeSecret("x", "1"), signal), {
      code: "data-home-unusable",
      message: `Cannot use the data home ${file}: a file is where a folder should be`,
    });
    const blocked = openTestStore(home);
    await mkdir(join(home, "namespaces"));
    await writeFile(join(home, "namespaces", "west"), "");
    await assert.rejects(blocked.list("Secret", signal), { code: "not-readable" });
    await assert.rejects(blocked.apply<"Secret">(makeSecret("x", "1"), signal), {
      code: "not-readable",
    });
  });

  test("can be read where it can't be written", async () => {
    const store = openTestStore(home);
    await store.apply<"Secret">(makeSecret("x", "1"), signal);
    await makeReadOnly();
    assert.equal((await store.list("Secret", signal)).length, 1);
    await store.remove("Secret", "absent", signal);
    for (
      const change of [
        () => store.apply<"Secret">(makeSecret("x", "2"), signal),
        () => store.remove("Secret", "x", signal),
      ]
    ) {
      await assert.rejects(
        change,
        /(Cannot use|Cannot write) .*: (permission denied|.* read-only)$/,
      );
    }
  });

  test("loses nothing when the disk is full", {
    skip: isRoot ? false : "needs root, to mount a small file system",
  }, async () => {
    mountSmall();
    const store = openTestStore(home);
    await store.apply<"Secret">(makeSecret("x", "kept"), signal);
    const full = store.apply<"Secret">(makeSecret("x", "0123456789".repeat(50_000)), signal);
    await assert.rejects(full, { code: "not-writable", message: /: the disk is full$/ });
    const secret = await store.get("Secret", "x", signal);
    assert.equal(secret?.stringData?.["content"], "kept");
    const folder = join(home, "namespaces", "west", "input", "resources");
    assert.deepEqual(await readdir(folder), ["Secret-x.yaml"]);
  });

  function mountSmall(): void {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", home]);
    undo.push(() => void execFileSync("umount", ["-l", home]));
  }

  /** Root may write where others may not: for root the file system itself is made read-only. */
  async function makeReadOnly(): Promise<void> {
    if (isRoot) {
      execFileSync("mount", ["--bind", home, home]);
      undo.push(() => void execFileSync("umount", ["-l", home]));
      execFileSync("mount", ["-o", "remount,ro,bind", home]);
      return;
    }
    for (const file of await readdir(home, { recursive: true, withFileTypes: true })) {
      if (!file.isDirectory()) continue;
      const folder = join(file.parentPath, file.name);
      await chmod(folder, 0o500);
      undo.push(() => chmod(folder, 0o700));
    }
    await chmod(home, 0o500);
    undo.push(() => chmod(home, 0o700));
  }
});
