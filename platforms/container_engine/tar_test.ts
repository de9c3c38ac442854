import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { isAppError } from "../../src/errors/app_error.ts";
import { type TarEntry, writeTar } from "./tar.ts";

async function pack(entries: TarEntry[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function file(path: string, mode: number, ...chunks: string[]): TarEntry {
  const content = chunks.map((chunk) => Buffer.from(chunk));
  return { path, mode, file: { size: Buffer.concat(content).length, content } };
}

function tar(archive: Buffer, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("tar", args, { input: archive, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout;
}

test("writeTar() writes what tar reads", async () => {
  const long = `/${"folder/".repeat(12)}file`;
  const archive = await pack([
    { path: "/lib", mode: 0o755 },
    file("/lib/empty", 0o644),
    file("/lib/block", 0o755, "x".repeat(512)),
    file(long, 0o600, "in ", "two parts\n"),
  ]);
  assert.equal(archive.length % 512, 0);
  const listed = tar(archive, "-tvf", "-", "--numeric-owner", "--utc").trim().split("\n");
  assert.deepEqual(listed.map((line) => line.replace(/ +/g, " ")), [
    "drwxr-xr-x 0/0 0 1970-01-01 00:00 lib/",
    "-rw-r--r-- 0/0 0 1970-01-01 00:00 lib/empty",
    "-rwxr-xr-x 0/0 512 1970-01-01 00:00 lib/block",
    `-rw------- 0/0 13 1970-01-01 00:00 ${long.slice(1)}`,
  ]);
  assert.equal(tar(archive, "-xOf", "-", long.slice(1)), "in two parts\n");
});

test("writeTar() refuses a file that is longer or shorter than it was", async () => {
  for (const size of [2, 4]) {
    const changed = file("/x", 0o644, "abc");
    changed.file!.size = size;
    await assert.rejects(pack([changed]), (error) => isAppError(error, "not-readable"));
  }
});
