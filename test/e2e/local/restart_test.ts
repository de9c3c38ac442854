import assert from "node:assert/strict";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import type { RunningController } from "../../../src/platform/abilities.ts";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { findQuietPort } from "../stage/quiet_port.ts";
import { issueToken, linkAccess } from "../stage/sites.ts";

async function controllerStatus(sandbox: Sandbox): Promise<RunningController> {
  return JSON.parse((await sandbox.succeed(["controller", "status", "-o", "json"])).stdout);
}

test(
  "a restart keeps what was fixed at the start, and who redeems notices nothing",
  inSandbox(async (sandbox) => {
    const fixed = ["--grant-host", "127.0.0.1", "--grant-port", await findQuietPort()];
    await sandbox.succeed(["controller", "start", ...fixed]);
    await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
    const sites = ["a", "b", "c", "d", "e", "f"];
    for (const site of sites) await sandbox.succeed(["site", "create", site, "-n", site]);
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", String(sites.length));
    const before = await controllerStatus(sandbox);

    const restart = sandbox.hawser(["controller", "restart"]);
    for (const site of sites) await sandbox.succeed(["token", "redeem", "t.yaml", "-n", site]);
    const { code, stdout, stderr } = await restart;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^The controller has been restarted\.\n/);
    const status = await controllerStatus(sandbox);
    assert.equal(status.grantUrl, before.grantUrl);
    assert.notEqual(status.pid, before.pid);

    const moved = await sandbox.succeed(["controller", "restart", "--grant-host", "localhost"]);
    const { port } = new URL(before.grantUrl!);
    assert.ok(moved.stdout.includes(`https://localhost:${port}\n`), moved.stdout);
  }),
);

test(
  "a restart starts a controller where none runs",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "restart"]);
    assert.equal((await controllerStatus(sandbox)).running, true);
  }),
);

test(
  "a controller that waits takes over from the one that runs",
  inSandbox(async (sandbox) => {
    const port = await findQuietPort();
    const first = await sandbox.startController(["--grant-port", port]);
    const waiting = await Promise.all([1, 2].map(async () => {
      const next = sandbox.start(["controller", "run", "--wait", "--grant-port", port]);
      const [line] = await once(next.process.stderr!, "data");
      assert.match(String(line), /"event":"waiting"/);
      return next;
    }));
    process.kill(first.process.pid!, "SIGTERM");
    let holder: number | undefined;
    await eventually(async () => {
      const { stdout } = await sandbox.hawser(["controller", "status", "-o", "json"]);
      holder = JSON.parse(stdout).pid;
      return waiting.some((next) => next.process.pid === holder);
    });
    waiting.sort((next) => next.process.pid === holder ? 1 : -1);
    for (const next of waiting) {
      process.kill(next.process.pid!, "SIGTERM");
      assert.equal((await next.ended).code, 0);
    }
  }),
);
