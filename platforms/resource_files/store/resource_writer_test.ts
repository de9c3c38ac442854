import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { removeFile } from "./resource_writer.ts";

test("removeFile() has nothing to do where the file, or its folder, has gone", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hawser-writer-"));
  try {
    const file = join(folder, "resources", "Link-east.yaml");
    await removeFile(file);
    await mkdir(join(folder, "resources"));
    await removeFile(file);
    await writeFile(file, "kind: Link\n");
    await removeFile(file);
    assert.ok(!existsSync(file));
  } finally {
    await rm(folder, { recursive: true });
  }
});
