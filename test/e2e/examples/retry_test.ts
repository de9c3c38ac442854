import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { inSandbox } from "../stage/harness.ts";
import { issueToken, listGrants, prepareSites } from "../stage/sites.ts";
import { examplePath } from "./example.ts";

const retry = examplePath("retry.sh");
const redeem = ["hawser", "token", "redeem", "west.yaml", "-n"];

test(
  "retry.sh runs a redemption again until the service is back, and it costs one use",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "west.yaml", "--redemptions-allowed", "2");
    await sandbox.succeed(["controller", "stop"]);
    const env = { RETRY_PAUSE: "1" };
    const running = sandbox.launch(retry, [...redeem, "east", "--timeout", "0"], { env });
    let said = "";
    running.process.stderr!.on("data", (text) => said += text);
    await eventually(() => said.includes("retry.sh: exit code 8, try 2 of 6 in 1 s"), () => said);
    await sandbox.succeed(["controller", "start"]);
    const { code, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    const uses = async () => (await listGrants(sandbox)).map(({ redemptions }) => redemptions);
    await eventually(async () => (await uses())[0] !== 0); // the status follows the ledger
    assert.deepEqual(await uses(), [1]);
  }),
);

test(
  "retry.sh ends at once where another try can't help, and gives up in the end",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east", "north");
    await issueToken(sandbox, "west.yaml");
    await sandbox.succeed(redeem.slice(1).concat("east"));
    const spent = await sandbox.run(retry, [...redeem, "north"]);
    assert.equal(spent.code, 5, spent.stderr);
    assert.doesNotMatch(spent.stderr, /retry\.sh/);

    await issueToken(sandbox, "west.yaml", "--force");
    await sandbox.succeed(["controller", "stop"]);
    const env = { RETRY_ATTEMPTS: "3", RETRY_PAUSE: "0" };
    const lost = await sandbox.run(retry, [...redeem, "north", "--timeout", "0"], { env });
    assert.equal(lost.code, 8, lost.stderr);
    assert.deepEqual(lost.stderr.match(/try \d of 3/g), ["try 2 of 3", "try 3 of 3"]);
  }),
);
