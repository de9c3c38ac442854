import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { readElfNeeds } from "./elf.ts";

const isLinux = process.platform === "linux";

/** A file with that content. */
async function writeFileOf(t: TestContext, content: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-elf-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "file"), content);
  return join(folder, "file");
}

test("readElfNeeds() finds loader and libraries (needs Linux)", { skip: !isLinux }, async () => {
  const program = await readElfNeeds(process.execPath);
  assert.match(program?.interpreter ?? "", /^\/lib.*\/ld-.*\.so/);
  assert.ok(program?.libraries.some((name) => /^libc\.(so\.6|musl)/.test(name)), `${program}`);
  const loader = await readElfNeeds(program!.interpreter!);
  assert.deepEqual(loader, { machine: program!.machine, interpreter: undefined, libraries: [] });
});

test("readElfNeeds() knows what is no program for Linux", async (t) => {
  const program = (await readFile(process.execPath)).subarray(0, 4096);
  const altered = (at: number, value: number) => {
    const copy = program.slice();
    copy[at] = value;
    return copy;
  };
  const others = ["", "#!/bin/sh\n", "MZ".padEnd(100), program.subarray(0, 63)];
  const of32Bits = altered(4, 1);
  const bigEndian = altered(5, 2);
  for (const content of [...others, of32Bits, bigEndian]) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    assert.equal(await readElfNeeds(await writeFileOf(t, bytes)), undefined);
  }
});
