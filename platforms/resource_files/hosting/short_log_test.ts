import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { keepLogShort } from "./short_log.ts";

test("keepLogShort() puts a long log aside while it is written, and loses no line", () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-log-"));
  try {
    const path = join(folder, "controller.log");
    appendFileSync(path, "", { mode: 0o600 });
    const log = keepLogShort(path, (line) => appendFileSync(path, `${line}\n`), 100);
    for (let n = 10; n < 30; n++) log(`line ${n}`);
    const lines = [`${path}.1`, path].flatMap((file) => readFileSync(file, "utf8").split("\n"));
    const last = lines.filter((line) => line !== "");
    assert.deepEqual(
      last,
      Array.from({ length: last.length }, (_, i) => `line ${30 - last.length + i}`),
    );
    assert.ok(last.length > 8);
    assert.ok(statSync(path).size <= 200);
    assert.deepEqual(readdirSync(folder).sort(), ["controller.log", "controller.log.1"]);
    assert.equal(statSync(`${path}.1`).mode & 0o777, 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("keepLogShort() logs on where a log can't be put aside", () => {
  const logged: string[] = [];
  const log = keepLogShort("/nowhere/controller.log", (line) => logged.push(line), 3);
  for (const line of ["one", "two"]) log(line);
  assert.deepEqual(logged, ["one", "two"]);
});
