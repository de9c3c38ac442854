import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { linesOf } from "../../../scripts/pictures/terminal.ts";
import { inSandbox, isRoot } from "../stage/harness.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test(
  "the demo runs, and README's picture of its terminal is what it prints (needs root)",
  { skip: !isRoot },
  // its ports are the usual ones: in a network of its own nobody else has them
  inSandbox(async (sandbox) => {
    const made = path.join(sandbox.folder, "pictures");
    const options = ["--executable", path.join(root, "dist/hawser"), "--record", made];
    const demo = [path.join(root, "scripts/demo.ts"), ...options];
    const env = { DENO_DIR: process.env["DENO_DIR"], HOME: process.env["HOME"] };
    const outcome = await sandbox.run(process.execPath, ["run", "-A", "--no-check", ...demo], {
      env,
    });
    assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr);
    for (const file of ["demo-light.svg", "demo-dark.svg"]) {
      const committed = path.join(root, "docs/pictures", file);
      assert.equal(
        plain(fs.readFileSync(path.join(made, file), "utf8")),
        plain(fs.readFileSync(committed, "utf8")),
        "run: deno task pictures",
      );
    }
  }, { offline: true }),
);

/** What a terminal shows, without what is another each time and on each machine. */
function plain(svg: string): string {
  return linesOf(svg).join("\n")
    .replaceAll(/https:\/\/[^\s/:]+:\d+/g, "URL")
    .replaceAll(/\b(west)-[a-z0-9]{5}\b/g, "$1-ID")
    .replaceAll(/\b[0-9a-f]{64}\b|\b[0-9a-f-]{36}\b/g, "HEX")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z \([^)]*\)/g, "TIME")
    .replaceAll(/\d+/g, "N")
    .replaceAll(/[ \n]+/g, " ");
}
