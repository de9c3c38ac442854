import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { findQuietPort } from "../stage/quiet_port.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { issueToken, listGrants, prepareSites } from "../stage/sites.ts";

const skip = spawnSync("strace", ["-V"]).status !== 0;

/**
 * Runs the executable on a file system without hard links, until it renames a file: that kills it.
 */
async function killedAtRename(sandbox: Sandbox, args: string[]): Promise<void> {
  const { code } = await sandbox.run("strace", [
    ...["-f", "-o", "/dev/null", "-e", "trace=link,linkat,rename,renameat,renameat2"],
    ...["-e", "inject=link,linkat:error=EPERM"],
    ...["-e", "inject=rename,renameat,renameat2:signal=KILL"],
    ...["hawser", ...args],
  ]);
  assert.notEqual(code, 0);
}

test(
  "a redemption goes on after a crash on a file system without hard links (needs strace)",
  { skip },
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "t.yaml");
    const redeem = ["token", "redeem", "t.yaml", "-n", "east"];
    await killedAtRename(sandbox, redeem);
    await sandbox.succeed(redeem);
    await eventually(async () => (await listGrants(sandbox))[0]!.redemptions === 1);
  }),
);

test(
  "an empty token file, as a crash leaves it where there are no hard links, is filled",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    sandbox.write("t.yaml", "");
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
  }),
);

test(
  "files of ours that are empty, or end amid a word, count as absent",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await sandbox.succeed(["controller", "stop"]);
    const start = ["controller", "start", "--grant-port", await findQuietPort()];
    const folder = path.join(sandbox.dataHome, "hawser", ".controller");
    for (const keep of [() => 0, (size: number) => Math.floor(size / 2)]) {
      for (
        const name of ["settings.json", "clock.json", "issuer/server.pem", "issuer/authority.pem"]
      ) {
        const file = path.join(folder, name);
        fs.truncateSync(file, keep(fs.statSync(file).size));
      }
      fs.writeFileSync(path.join(folder, "state.json"), '{"pid": 1');
      await sandbox.succeed(start);
      await issueToken(sandbox, "t.yaml");
      await sandbox.succeed(["controller", "stop"]);
    }
    await sandbox.succeed(start);
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
  }),
);
