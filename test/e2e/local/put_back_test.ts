import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
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
      `error: Token "${grant}" can't be redeemed: nobody can tell how many uses its grant has left`,
      "hint: Ask for a new token.",
    ] as const;
    assertRefused(await redeem(sandbox, "u3"), ...closed);
    await eventually(async () => {
      const [listed] = await listGrants(sandbox);
      return /damaged/.test(listed!.message ?? "") && listed!.redemptions === 2;
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

/** Puts a copy in the place of a data home, as tools for backups do: times and rights are kept. */
function restore(sandbox: Sandbox, copy: string): void {
  fs.rmSync(sandbox.dataHome, { recursive: true });
  execFileSync("cp", ["-a", copy, sandbox.dataHome]);
}

test(
  "a data home put back from a copy closes the grants in it; new ones are served",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "u1", "u2", "u3");
    const grant = await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    assert.equal((await redeem(sandbox, "u1")).code, 0);
    await sandbox.succeed(["controller", "stop"]);
    const copy = path.join(sandbox.folder, "copy");
    execFileSync("cp", ["-a", sandbox.dataHome, copy]);
    await sandbox.succeed(["controller", "start"]);
    assert.equal((await redeem(sandbox, "u2")).code, 0);
    await sandbox.succeed(["controller", "stop"]);
    await setTimeout(1100); // no copy is put back so soon
    restore(sandbox, copy);
    for (let starts = 0; starts < 2; starts++) {
      await sandbox.succeed(["controller", "start"]);
      assertRefused(
        await redeem(sandbox, "u3"),
        5,
        `error: Token "${grant}" can't be redeemed: nobody can tell how many uses its grant has left`,
        "hint: Ask for a new token.",
      );
      await eventually(async () =>
        /put back from a copy/.test((await listGrants(sandbox))[0]!.message ?? "")
      );
      await sandbox.succeed(["controller", "stop"]);
    }
    await sandbox.succeed(["controller", "start"]);
    await sandbox.succeed(["grant", "revoke", grant, "-n", "west"]);
    await issueToken(sandbox, "t.yaml");
    assert.equal((await redeem(sandbox, "u3")).code, 0);
  }),
);

test(
  "a data home that a copy was written over closes the grants in the copy",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "u1", "u2");
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["controller", "stop"]);
    const copy = path.join(sandbox.folder, "copy");
    execFileSync("cp", ["-a", sandbox.dataHome, copy]);
    await setTimeout(1100); // no copy is put back so soon
    await sandbox.succeed(["controller", "start"]);
    assert.equal((await redeem(sandbox, "u1")).code, 0);
    await sandbox.succeed(["controller", "stop"]);
    execFileSync("cp", ["-a", `${copy}/.`, sandbox.dataHome]);
    await sandbox.succeed(["controller", "start"]);
    assert.equal((await redeem(sandbox, "u2")).code, 5);
  }),
);

for (const meanwhile of ["runs", "is stopped"]) {
  test(
    `a namespace put back from a copy while the controller ${meanwhile} closes the grants in it`,
    inSandbox(async (sandbox) => {
      await prepareSites(sandbox, "u1", "u2", "u3");
      const grant = await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
      assert.equal((await redeem(sandbox, "u1")).code, 0);
      const folders = ["namespaces/west", "hawser/west"];
      const copy = path.join(sandbox.folder, "copy");
      for (const folder of folders) {
        const from = path.join(sandbox.dataHome, folder);
        fs.cpSync(from, path.join(copy, folder), { recursive: true, preserveTimestamps: true });
      }
      assert.equal((await redeem(sandbox, "u2")).code, 0);
      await setTimeout(1100); // no copy is put back so soon
      await sandbox.succeed(["site", "delete", "west", "-n", "west", "--all", "--yes"]);
      if (meanwhile === "is stopped") await sandbox.succeed(["controller", "stop"]);
      for (const folder of folders.toReversed()) {
        execFileSync("cp", ["-a", path.join(copy, folder), path.join(sandbox.dataHome, folder)]);
      }
      if (meanwhile === "is stopped") await sandbox.succeed(["controller", "start"]);
      await eventually(async () =>
        /put back from a copy/.test((await listGrants(sandbox))[0]?.message ?? "")
      );
      assert.equal((await redeem(sandbox, "u3")).code, 5);
      await sandbox.succeed(["grant", "revoke", grant, "-n", "west"]);
      await issueToken(sandbox, "t.yaml");
      assert.equal((await redeem(sandbox, "u3")).code, 0);
    }),
  );
}

test(
  "a data home that was moved, or whose copy is known to be the newest, keeps its grants",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "u1", "u2");
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    await sandbox.succeed(["controller", "stop"]);
    const moved = path.join(sandbox.folder, "moved");
    fs.renameSync(sandbox.dataHome, moved);
    fs.renameSync(moved, sandbox.dataHome);
    await sandbox.succeed(["controller", "start"]);
    assert.equal((await redeem(sandbox, "u1")).code, 0);
    await sandbox.succeed(["controller", "stop"]);
    fs.renameSync(sandbox.dataHome, moved);
    execFileSync("cp", ["-a", moved, sandbox.dataHome]);
    fs.rmSync(path.join(sandbox.dataHome, "hawser/.controller/origin.json"));
    await sandbox.succeed(["controller", "start"]);
    assert.equal((await redeem(sandbox, "u2")).code, 0);
  }),
);
