import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readParsedFile } from "./parsed_file.ts";

describe("readParsedFile()", () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "parsed-"));
    file = join(folder, "x.yaml");
  });

  afterEach(() => rm(folder, { recursive: true }));

  function content(): unknown {
    return readParsedFile(file)?.documents[0]?.content;
  }

  test("gives undefined for what doesn't exist, also once it existed", async () => {
    assert.equal(readParsedFile(file), undefined);
    await writeFile(file, "a: 1");
    assert.deepEqual(content(), { a: 1 });
    await rm(file);
    assert.equal(readParsedFile(file), undefined);
  });

  test("reads again what changes in the same moment and keeps its size", async () => {
    for (let value = 0; value < 10; value++) {
      await writeFile(file, `a: ${value}`);
      assert.deepEqual(content(), { a: value });
    }
  });

  test("reads a file once while it stays the same, and again when it changes", async () => {
    await writeFile(file, "a: 1");
    const { mtime } = await stat(file);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const first = readParsedFile(file);
    assert.equal(readParsedFile(file), first);
    // neither size nor time tells
    await writeFile(file, "a: 2");
    await utimes(file, mtime, mtime);
    assert.deepEqual(content(), { a: 2 });
    await writeFile(join(folder, "y"), "a: 3");
    await rename(join(folder, "y"), file);
    assert.deepEqual(content(), { a: 3 });
  });

  test("waits for no pipe", () => {
    execFileSync("mkfifo", [file]);
    assert.throws(() => readParsedFile(file), { code: "resource-invalid" });
  });
});
