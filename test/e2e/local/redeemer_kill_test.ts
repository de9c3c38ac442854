import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
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
