import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { assertRefused } from "../stage/refusal.ts";
import { inSandbox } from "../stage/harness.ts";
import { issueToken, prepareSites } from "../stage/sites.ts";

test(
  "the audit tells who redeemed what, goes on from start to start, and shows what was changed",
  inSandbox(async (sandbox) => {
    assert.equal(
      (await sandbox.succeed(["audit", "show"])).stdout,
      "There is nothing on record.\n",
    );
    await prepareSites(sandbox, "east", "south");
    const grant = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
    await sandbox.succeed(["controller", "stop"]);
    await sandbox.succeed(["controller", "start"]);
    assert.equal((await sandbox.hawser(["token", "redeem", "t.yaml", "-n", "south"])).code, 5);

    const shown = await sandbox.succeed(["audit", "show", "-o", "json", "--grant", grant]);
    const records = JSON.parse(shown.stdout);
    const events = records.map(({ event, namespace }: { event: string; namespace: string }) =>
      `${namespace} ${event}`
    );
    assert.deepEqual(events, ["west issued", "west redeemed", "west refused"]);
    const text = (await sandbox.succeed(["audit", "show", "-n", "west", "--since", "1h"])).stdout;
    assert.match(text, /^TIME +EVENT +NAMESPACE +GRANT +TOKEN +SITE +FROM +REASON\n/);
    assert.equal(text.trim().split("\n").length, 4);
    assert.equal(
      (await sandbox.succeed(["audit", "show", "-n", "east"])).stdout,
      "There is nothing on record.\n",
    );

    const verified = await sandbox.succeed(["audit", "verify"]);
    const last = /^Last: +(\d+:[0-9a-f]{64})$/m.exec(verified.stdout)?.[1] as string;
    assert.match(verified.stdout, /^Records: +3, unchanged$/m);
    await sandbox.succeed(["audit", "verify", "--expect", last]);
    const other = `3:${"0".repeat(64)}`;
    assertRefused(
      await sandbox.hawser(["audit", "verify", "--expect", other]),
      1,
      `error: The audit of this machine does not hold record ${other}: it is ${last.slice(2)}`,
      "hint: Records were changed or taken out after that record was noted.",
    );
    assert.equal((await sandbox.hawser(["audit", "verify", "--expect", "3"])).code, 2);

    const file = path.join(sandbox.dataHome, "hawser/.controller/audit/current.jsonl");
    const lines = fs.readFileSync(file, "utf8");
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    await sandbox.succeed(["audit", "verify", "-"], { stdin: lines });
    await sandbox.succeed(["audit", "verify", path.join(path.dirname(file), "../controller.log")]);
    fs.writeFileSync(file, lines.replace("redeemed", "refused"));
    assertRefused(
      await sandbox.hawser(["audit", "verify"]),
      1,
      "error: The audit is broken at line 3 of this machine: " +
        "record 2 before it is not the one that was written: its hash differs",
      "hint: Records were changed, taken out or added after they were written.",
    );
    assertRefused(
      await sandbox.hawser(["audit", "verify", "none.jsonl"]),
      1,
      "error: Cannot read none.jsonl: it does not exist",
    );
    await sandbox.succeed(["controller", "stop"]);
  }),
);

test(
  "a namespace of a cluster has its audit in the controllers' logs",
  inSandbox(async (sandbox) => {
    const outcome = await sandbox.hawser(["audit", "show", "-p", "kubernetes"]);
    assert.equal(outcome.code, 3);
    assert.match(outcome.stderr, /hint: .*kubectl logs/);
    assert.equal((await sandbox.succeed(["audit", "show", "-"], { stdin: "" })).code, 0);
  }, { env: { KUBECONFIG: "/nowhere" } }),
);
