import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { UsableToken } from "../../../src/token/token_file.ts";
import { redeemInCrowd } from "../../prove/crowd.ts";
import { beHostile } from "../../prove/hostile_clients.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { findQuietPort } from "../stage/quiet_port.ts";
import { linkAccess, prepareSites } from "../stage/sites.ts";

for (const uses of [1, 7, 100]) {
  test(
    `of a thousand redeemers of a grant with ${uses} uses exactly so many win`,
    inSandbox(async (sandbox) => {
      await prepareSites(sandbox);
      const { winners, spent, violations } = await redeemInCrowd(sandbox, uses, 1000);
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
    const { winners, spent, violations } = await redeemInCrowd(
      sandbox,
      100,
      300,
      async (isOver) => {
        for (let kills = 0; kills < 5 && !isOver(); kills++) {
          await new Promise((resolve) => setTimeout(resolve, 300));
          process.kill(controller.process.pid!, "SIGKILL");
          await controller.ended;
          controller = sandbox.start(["controller", "run"]);
        }
      },
    );
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
    const beside = (isOver: () => boolean, token: UsableToken) =>
      beHostile(token, isOver).then(() => {});
    const { winners, violations } = await redeemInCrowd(sandbox, 40, 40, beside, 4);
    assert.deepEqual(violations, []);
    assert.equal(winners, 40);
  }),
);
