import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import { checkWritable, readLimited, rehearseWrite, writeWhole } from "./files.ts";

const secret = { mode: 0o600, replace: "always" } as const;

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "files-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Expects both the check and the write to be refused in these words, and nothing left in the
 * folder.
 */
async function assertRefused(path: string, why: RegExp, folder: string): Promise<void> {
  const before = await readdir(folder);
  for (const act of [() => checkWritable(path), () => writeWhole(path, "new", secret)]) {
    await assert.rejects(
      act(),
      (error) => isAppError(error, "not-writable") && why.test(error.message),
    );
  }
  assert.deepEqual(await readdir(folder), before);
}

test("writeWhole() writes and replaces, with the mode asked for, and leaves nothing else", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a b+_ü.yaml");
    await writeWhole(path, "one", { mode: 0o600, replace: "never" });
    await writeWhole(path, Buffer.from("two"), secret);
    assert.equal(await readFile(path, "utf8"), "two");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(folder), ["a b+_ü.yaml"]);
  }));

test("writeWhole() narrows the mode of a file it replaces", () =>
  withFolder(async (folder) => {
    const path = join(folder, "f");
    await writeFile(path, "open", { mode: 0o644 });
    await writeWhole(path, "closed", secret);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  }));

test("writeWhole() never replaces a file it was told to leave", () =>
  withFolder(async (folder) => {
    const path = join(folder, "f");
    await writeFile(path, "mine");
    await assert.rejects(
      writeWhole(path, "yours", { mode: 0o600, replace: "never" }),
      (error) => isAppError(error, "not-writable") && /exists already/.test(error.message),
    );
    assert.equal(await readFile(path, "utf8"), "mine");
    assert.deepEqual(await readdir(folder), ["f"]);
  }));

test("writeWhole() lets one of many win where none may replace the other", () =>
  withFolder(async (folder) => {
    const path = join(folder, "f");
    const writes = Array.from(
      { length: 20 },
      (_, number) => writeWhole(path, `writer ${number}`, { mode: 0o600, replace: "never" }),
    );
    const done = (await Promise.allSettled(writes)).map(({ status }) => status === "fulfilled");
    assert.equal(done.filter(Boolean).length, 1);
    assert.equal(await readFile(path, "utf8"), `writer ${done.indexOf(true)}`);
    assert.deepEqual(await readdir(folder), ["f"]);
  }));

test("writeWhole() refuses a symbolic link, and what it points to stays as it is", () =>
  withFolder(async (folder) => {
    await writeFile(join(folder, "target"), "kept");
    await symlink("target", join(folder, "link"));
    await symlink("nowhere", join(folder, "dangling"));
    await assertRefused(join(folder, "link"), /symbolic link/, folder);
    await assertRefused(join(folder, "dangling"), /symbolic link/, folder);
    assert.equal(await readFile(join(folder, "target"), "utf8"), "kept");
  }));

test("writeWhole() says what is wrong with the target", () =>
  withFolder(async (folder) => {
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "file"), "");
    await assertRefused(join(folder, "sub"), /it is a folder/, folder);
    await assertRefused(join(folder, "sub/"), /it names a folder/, folder);
    await assertRefused(join(folder, "missing/f"), /folder .*missing does not exist/, folder);
    await assertRefused(join(folder, "file/f"), /file is not a folder/, folder);
    await assertRefused(join(folder, "n".repeat(300)), /name is too long/, folder);
    await assertRefused("/dev/null", /not a regular file/, folder);
  }));

const isRoot = process.getuid?.() === 0;
const mountable = process.platform === "linux" && isRoot
  ? false
  : "needs root, to mount a small file system";

function run(program: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

test(
  "writeWhole() leaves nothing behind on a full disk (needs root)",
  { skip: mountable },
  () =>
    withFolder(async (folder) => {
      run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
      try {
        const path = join(folder, "f");
        await writeWhole(path, "small", secret);
        await assert.rejects(
          writeWhole(path, Buffer.alloc(128 * 1024), secret),
          (error) => isAppError(error, "not-writable") && /the disk is full/.test(error.message),
        );
        assert.deepEqual(await readdir(folder), ["f"]);
        assert.equal(await readFile(path, "utf8"), "small");
      } finally {
        run("umount", "-l", folder);
      }
    }),
);

test(
  "writeWhole() names a read-only file system (needs root)",
  { skip: mountable },
  () =>
    withFolder(async (folder) => {
      run("mount", "-t", "tmpfs", "-o", "size=64k,ro", "tmpfs", folder);
      try {
        await assert.rejects(
          writeWhole(join(folder, "f"), "new", secret),
          (error) => isAppError(error, "not-writable") && /system is read-only/.test(error.message),
        );
      } finally {
        run("umount", "-l", folder);
      }
    }),
);

test("writeWhole() says when a folder does not let it in", () =>
  withFolder(async (folder) => {
    await chmod(folder, 0o500);
    // root is let in everywhere, so the test is somebody else meanwhile
    if (isRoot) process.seteuid!(65534);
    try {
      await assert.rejects(
        writeWhole(join(folder, "f"), "new", secret),
        (error) => isAppError(error, "not-writable") && /permission denied/.test(error.message),
      );
    } finally {
      if (isRoot) process.seteuid!(0);
      await chmod(folder, 0o700);
    }
    assert.deepEqual(await readdir(folder), []);
  }));

test("readLimited() reads up to its limit and refuses one byte more", () =>
  withFolder(async (folder) => {
    const path = join(folder, "f");
    await writeFile(path, Buffer.alloc(1000, 1));
    assert.equal((await readLimited(path, 1000)).length, 1000);
    await assert.rejects(readLimited(path, 999), (error) => isAppError(error, "file-too-large"));
  }));

test("readLimited() tells a missing file from a folder", () =>
  withFolder(async (folder) => {
    await writeFile(join(folder, "file"), "");
    for (const missing of ["missing", "missing/f", "file/f"]) {
      await assert.rejects(
        readLimited(join(folder, missing), 10),
        (error) => isAppError(error, "file-not-found"),
      );
    }
    await assert.rejects(
      readLimited(folder, 10),
      (error) => isAppError(error, "not-readable") && /it is a folder/.test(error.message),
    );
    assert.equal((await readLimited(join(folder, "file"), 10)).length, 0);
  }));

test("rehearseWrite() tells what would keep a file from being written, and leaves nothing", () =>
  withFolder(async (folder) => {
    await rehearseWrite(join(folder, "file"), 10_000);
    await mkdir(join(folder, "taken"));
    const refused: [string, RegExp][] = [
      [join(folder, "taken"), /it is a folder/],
      [join(folder, "none", "file"), /does not exist/],
      [join(folder, "n".repeat(256)), /the name is too long/],
    ];
    for (const [path, why] of refused) {
      await assert.rejects(rehearseWrite(path, 10), (error: Error) => {
        assert.ok(isAppError(error, "not-writable"), String(error));
        assert.match(error.message, why);
        return true;
      });
    }
    assert.deepEqual(await readdir(folder), ["taken"]);
  }));
