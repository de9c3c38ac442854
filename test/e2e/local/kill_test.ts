import process from "node:process";
import { test } from "node:test";
import { inSandbox } from "../stage/harness.ts";
import { surviveKills } from "../stage/kills.ts";
import { findQuietPort } from "../stage/quiet_port.ts";

test(
  "whenever the controller is killed, no use is lost and none is given twice",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start", "--grant-port", await findQuietPort()]);
    await surviveKills(sandbox, () => {
      const controller = sandbox.start(["controller", "run"]);
      return async () => {
        process.kill(controller.process.pid!, "SIGKILL");
        await controller.ended;
      };
    });
  }),
);
