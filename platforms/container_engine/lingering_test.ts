import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { whyNotLasting } from "./lingering.ts";

test("whyNotLasting() tells where systemd ends containers with their user's session", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "hawser-lingering-"));
  t.after(() => rm(root, { recursive: true }));
  assert.equal(await whyNotLasting("fritz", root), undefined);
  await mkdir(join(root, "run/systemd/system"), { recursive: true });
  assert.match(await whyNotLasting("fritz", root) ?? "", /enable-linger/);
  await mkdir(join(root, "var/lib/systemd/linger"), { recursive: true });
  await writeFile(join(root, "var/lib/systemd/linger/anna"), "");
  assert.match(await whyNotLasting("fritz", root) ?? "", /enable-linger/);
  assert.equal(await whyNotLasting("anna", root), undefined);
});
