import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { inSandbox } from "../stage/harness.ts";
import { issueToken, prepareSites, redemptionFiles } from "../stage/sites.ts";

const hasStrace = spawnSync("strace", ["-V"]).status === 0;

/** What a redeemer does that lasts, and what it does on the network. */
const calls = [
  "connect",
  ...["link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat"],
  ...["fsync", "fdatasync"],
].join(",");

test(
  "killed before any of its lasting steps, a redeemer goes on with the same redemption (needs strace)",
  { skip: !hasStrace },
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    const executable = path.join(sandbox.folder, "bin/hawser");
    let kills = 0;
    for (let step = 1;; step++) {
      await issueToken(sandbox, "t.yaml"); // of one use
      const redeem = ["token", "redeem", "t.yaml", "-n", "east"];
      const trace = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${calls}`];
      const kill = ["-e", `inject=${calls}:signal=KILL:when=${step}`];
      const first = await sandbox.run("strace", [...trace, ...kill, executable, ...redeem]);
      const again = await sandbox.hawser(redeem);
      // what was stored whole before the kill is told as redeemed already
      assert.ok([0, 7].includes(again.code!), `step ${step}: ${again.stderr}`);
      const files = redemptionFiles(sandbox, "east").filter((file) => !file.endsWith(".key"));
      assert.equal(files.length, 2 * step, `step ${step}: ${files}`);
      if (first.code === 0) break;
      kills++;
    }
    assert.ok(kills >= 3, `${kills} kills`);
  }),
);

test(
  "the key that a killed redeemer left is on the disk before it is asked with (needs strace)",
  { skip: !hasStrace },
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "t.yaml");
    const executable = path.join(sandbox.folder, "bin/hawser");
    const redeem = [executable, "token", "redeem", "t.yaml", "-n", "east"];
    const trace = ["-f", "-qq", "-y", "-s", "0", "-e", "trace=connect,fsync,fdatasync", "-o"];
    const kill = ["-e", "inject=connect:signal=KILL:when=1"];
    await sandbox.run("strace", [...trace, "/dev/null", ...kill, ...redeem]);
    assert.equal(redemptionFiles(sandbox, "east").filter((file) => /key$/.test(file)).length, 1);
    const record = path.join(sandbox.folder, "trace");
    assert.equal((await sandbox.run("strace", [...trace, record, ...redeem])).code, 0);
    const [before = ""] = fs.readFileSync(record, "utf8").split("connect(");
    assert.match(before, /sync\(\d+<[^>]*\/pending\/[0-9a-f]{64}\.key>/);
    assert.match(before, /sync\(\d+<[^>]*\/pending>/);
  }),
);
