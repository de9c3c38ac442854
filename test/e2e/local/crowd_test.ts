import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { redeemInCrowd } from "../../prove/real/crowd.ts";
import { beHostile } from "../../prove/real/hostile_clients.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { findQuietPort } from "../stage/quiet_port.ts";
import { linkAccess, prepareSites } from "../stage/sites.ts";

for (const uses of [1, 7, 100]) {
  test(
    `of a thousand redeemers of a grant with ${uses} uses exactly so many win`,
    inSandbox(async (sandbox) => {
      await prepareSites(sandbox);
      const { winners, spent, violations } = await redeemInCrowd(sandbox, { uses, clients: 1000 });
      assert.deepEqual(violations, []);
      assert.deepEqual({ winners, spent }, { winners: uses, spent: uses });
    }),
  );
}

test(
  "of a crowd of redeemers exactly so many win, though the controller is killed meanwhile",
  inSandbox(async (sandbox: Sandbox) => {
    await sandbox.succeed(["controller", "start", "--grant-port", await findQuietPort()]);
    await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
    await sandbox.succeed(["controller", "stop"]);
    let controller = await sandbox.startController();
    const { winners, spent, violations } = await redeemInCrowd(sandbox, {
      uses: 100,
      clients: 300,
      async trouble(_token, isOver) {
        for (let kills = 0; kills < 5 && !isOver(); kills++) {
          await new Promise((resolve) => setTimeout(resolve, 300));
          process.kill(controller.process.pid!, "SIGKILL");
          await controller.ended;
          controller = sandbox.start(["controller", "run"]);
        }
      },
    });
    process.kill(controller.process.pid!, "SIGKILL");
    await controller.ended;
    assert.deepEqual(violations, []);
    assert.deepEqual({ winners, spent }, { winners: 100, spent: 100 });
  }),
);

test(
  "who has the code is served while others send wrong ones at full speed and hold connections",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox);
    const { winners, violations } = await redeemInCrowd(sandbox, {
      ...{ uses: 40, clients: 40, atOnce: 4, trouble: beHostile },
    });
    assert.deepEqual(violations, []);
    assert.equal(winners, 40);
  }),
);
