import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import type { RunningController } from "../../../src/platform/abilities.ts";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, listGrants, prepareSites } from "../stage/sites.ts";

const usedUp = [
  'error: Token "[WILDCARD]" is used up: its grant has no redemptions left',
  "hint: Ask for a new token, or one with more redemptions (--redemptions-allowed).",
] as const;

/** The one ledger there is. */
function ledgerFile(sandbox: Sandbox): string {
  const state = path.join(sandbox.dataHome, "hawser", "west");
  const [found] = fs.readdirSync(state, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".jsonl"));
  return path.join(state, found!);
}

function redeem(sandbox: Sandbox, site: string) {
  return sandbox.hawser(["token", "redeem", "t.yaml", "-n", site]);
}

async function metrics(sandbox: Sandbox): Promise<string> {
  const { stdout } = await sandbox.succeed(["controller", "status", "-o", "json"]);
  const { operationsUrl }: RunningController = JSON.parse(stdout);
  return await (await fetch(`${operationsUrl}/metrics`)).text();
}

test(
  "a ledger put back from a copy gives no use back that the grant's status says was spent",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "u1", "u2", "u3");
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    assert.equal((await redeem(sandbox, "u1")).code, 0);
    const ledger = ledgerFile(sandbox);
    const copy = fs.readFileSync(ledger);
    assert.equal((await redeem(sandbox, "u2")).code, 0);
    await sandbox.succeed(["controller", "stop"]);
    fs.writeFileSync(ledger, copy);
    await sandbox.succeed(["controller", "start"]);
    assertRefused(await redeem(sandbox, "u3"), 5, ...usedUp);
  }),
);

test(
  "a ledger put back under a controller that runs gives no use back that it has seen spent",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "u1", "u2", "u3");
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    assert.equal((await redeem(sandbox, "u1")).code, 0);
    const ledger = ledgerFile(sandbox);
    const copy = fs.readFileSync(ledger);
    assert.equal((await redeem(sandbox, "u2")).code, 0);
    fs.writeFileSync(ledger, copy);
    assertRefused(await redeem(sandbox, "u3"), 5, ...usedUp);
  }),
);

test(
  "a damaged ledger closes its grant, and that is said wherever one looks",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "u1", "u2", "u3");
    const grant = await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "3");
    assert.equal((await redeem(sandbox, "u1")).code, 0);
    assert.equal((await redeem(sandbox, "u2")).code, 0);
    await sandbox.succeed(["controller", "stop"]);
    const ledger = ledgerFile(sandbox);
    const whole = fs.readFileSync(ledger);
    const damaged = Uint8Array.from(whole);
    damaged[damaged.length - 3] = 0;
    fs.writeFileSync(ledger, damaged);
    await sandbox.succeed(["controller", "start"]);
    const closed = [
      5,
      `error: Token "${grant}" can't be redeemed: the record of its grant's uses is damaged`,
      "hint: Ask for a new token.",
    ] as const;
    assertRefused(await redeem(sandbox, "u3"), ...closed);
    await eventually(async () => {
      const [listed] = await listGrants(sandbox);
      return /damaged/.test(listed!.status) && listed!.redemptions === 2;
    });
    assert.match(await metrics(sandbox), /^hawser_damaged_ledgers 1$/m);

    fs.writeFileSync(ledger, whole);
    assert.equal((await redeem(sandbox, "u3")).code, 0, "mended, it is open again");
    assert.match(await metrics(sandbox), /^hawser_damaged_ledgers 0$/m);

    fs.writeFileSync(ledger, damaged);
    await sandbox.succeed(["grant", "revoke", grant, "-n", "west"]);
    await eventually(async () => (await listGrants(sandbox)).length === 0);
  }),
);
