import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Outcome, type Sandbox, shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import {
  issueToken,
  linkAccess,
  listGrants,
  prepareSites,
  redemptionFiles,
} from "../stage/sites.ts";

const skip = spawnSync("faketime", ["--version"]).status !== 0;

const shared = shareSandbox((sandbox) => prepareSites(sandbox, "east"));

/** Runs the executable with a clock that is off by that much. */
function withClock(sandbox: Sandbox, off: string, args: string[]): Promise<Outcome> {
  return sandbox.run("faketime", ["-f", off, "hawser", ...args]);
}

const redeem = ["token", "redeem", "t.yaml", "-n", "east"];

test(
  "a clock that is months behind keeps nobody from redeeming (needs faketime)",
  { skip },
  shared.use(async (sandbox) => {
    const grant = await issueToken(sandbox, "t.yaml");
    const { code, stderr } = await withClock(sandbox, "-90d", redeem);
    assert.equal(code, 0, stderr);
    await sandbox.succeed(["link", "delete", grant, "-n", "east"]);
  }),
);

test(
  "a clock in another age is told: certificates are not valid yet (needs faketime)",
  { skip },
  shared.use(async (sandbox) => {
    const grant = await issueToken(sandbox, "t.yaml");
    assertRefused(
      await withClock(sandbox, "@2001-01-01 00:00:00", redeem),
      8,
      "error: Cannot trust the server at https://[WILDCARD]: its certificate is not valid before " +
        "[WILDCARD]Z; this machine's clock says [WILDCARD]Z",
      "hint: If this machine's clock is right, that of the issuing site is not, or was not when it " +
        "made the certificate: ask for a new token once it is.",
    );
    const found = (await listGrants(sandbox)).find(({ name }) => name === grant);
    assert.equal(found!.redemptions, 0);
    assert.deepEqual(redemptionFiles(sandbox, "east").filter((file) => !/\.key$/.test(file)), []);
    await sandbox.succeed(redeem);
    await sandbox.succeed(["link", "delete", grant, "-n", "east"]);
  }),
);

test(
  "a clock that is an hour ahead does not end a token: its issuer's clock counts (needs faketime)",
  { skip },
  shared.use(async (sandbox) => {
    await issueToken(sandbox, "t.yaml");
    const inspected = await withClock(sandbox, "+1h", ["token", "inspect", "t.yaml"]);
    assert.match(inspected.stdout, /^Expires: .*Z \(expired .* ago\)$/m);
    const { code, stderr } = await withClock(sandbox, "+1h", redeem);
    assert.equal(code, 0, stderr);
  }),
);

test(
  "an expired token is told with the clocks' difference (needs faketime)",
  { skip },
  shared.use(async (sandbox) => {
    const grant = await issueToken(sandbox, "t.yaml", "--expiration-window", "1s");
    await eventually(async () =>
      (await listGrants(sandbox)).find(({ name }) => name === grant)!.status === "Expired"
    );
    assertRefused(
      await withClock(sandbox, "+1h", redeem),
      5,
      `error: Token "${grant}" has expired ` +
        "(this machine's clock is 1 hour ahead of the grant service's)",
      "hint: Ask for a new token.",
    );
  }),
);

/** Runs the controller for a while with a clock that is off by that much. */
async function runWithClock(sandbox: Sandbox, off: string, meanwhile = () => Promise.resolve()) {
  const run = sandbox.launch("faketime", ["-f", off, "hawser", "controller", "run"]);
  let ended: Outcome | undefined;
  run.ended.then((outcome) => ended = outcome);
  let status: Outcome;
  await eventually(
    async () => {
      assert.equal(ended, undefined, `it ended: ${JSON.stringify(ended)}`);
      status = await sandbox.hawser(["controller", "status"]);
      return status.code === 0;
    },
    () => JSON.stringify(status),
  );
  await meanwhile();
  await sandbox.succeed(["controller", "stop"]);
  assert.equal((await run.ended).code, 0);
}

async function clockLine(sandbox: Sandbox): Promise<string | undefined> {
  const { stdout } = await sandbox.succeed(["controller", "status"]);
  return /^Clock: +(.*)$/m.exec(stdout)?.[1];
}

async function clockError(sandbox: Sandbox): Promise<number> {
  const { stdout } = await sandbox.succeed(["controller", "status", "-o", "json"]);
  const text = await (await fetch(`${JSON.parse(stdout).operationsUrl}/metrics`)).text();
  return Number(/^hawser_clock_error_seconds (.*)$/m.exec(text)![1]);
}

for (const off of ["+30d", "-30d", "@1970-01-02 00:00:00", "+11y"]) {
  test(
    `a first start with the clock at ${off} leaves nothing behind that keeps tokens from being redeemed (needs faketime)`,
    { skip },
    inSandbox(async (sandbox) => {
      await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
      await sandbox.succeed(["site", "create", "east", "-n", "east"]);
      await runWithClock(sandbox, off, async () => {
        assert.match(
          (await clockLine(sandbox))!,
          /^this machine's clock says \S+, that of the file system \S+$/,
        );
        assert.ok(await clockError(sandbox) > 29 * 86_400);
      });
      await sandbox.succeed(["controller", "start"]);
      await issueToken(sandbox, "t.yaml");
      await sandbox.succeed(redeem);
    }),
  );

  test(
    `a clock at ${off} for a while takes no grant, no use and no token away (needs faketime)`,
    { skip },
    inSandbox(async (sandbox) => {
      await prepareSites(sandbox, "east", "east2");
      const grant = await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
      await sandbox.succeed(redeem);
      await sandbox.succeed(["controller", "stop"]);
      await runWithClock(sandbox, off);
      await sandbox.succeed(["controller", "start"]);
      const again = await sandbox.hawser(["token", "redeem", "t.yaml", "-n", "east2"]);
      assert.equal(again.code, 0, again.stderr);
      await eventually(async () => {
        const [found] = await listGrants(sandbox);
        return found!.name === grant && found!.redemptions === 2;
      });
    }),
  );
}

test(
  "a grant goes, with its ledger, once a data home has seen it expired for a day",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "t.yaml", "--expiration-window", "2s");
    await sandbox.succeed(redeem);
    await eventually(async () => (await listGrants(sandbox))[0]!.status === "Expired");
    await sandbox.succeed(["controller", "restart"]);
    assert.equal((await listGrants(sandbox)).length, 1);
    await sandbox.succeed(["controller", "stop"]);
    const now = Date.now();
    const dayMs = 86_400_000;
    const observed = { observedMs: dayMs + 1, spells: [[0, now, now], [dayMs / 2, now, now]] };
    const notes = path.join(sandbox.dataHome, "hawser/.controller/clock.json");
    fs.writeFileSync(notes, JSON.stringify(observed));
    await sandbox.succeed(["controller", "start"]);
    await eventually(async () => (await listGrants(sandbox)).length === 0);
    const left = fs.readdirSync(path.join(sandbox.dataHome, "hawser/west"), { recursive: true });
    assert.deepEqual(left.filter((file) => /\.jsonl$/.test(String(file))), []);
  }),
);

test(
  "a clock that went back is told until it is clear which time was right (needs faketime)",
  { skip },
  inSandbox(async (sandbox) => {
    await runWithClock(sandbox, "+2d");
    await sandbox.succeed(["controller", "start"]);
    assert.match(
      (await clockLine(sandbox))!,
      /^it is \S+Z, but it was \S+Z before: the clock was wrong then, or is now$/,
    );
    assert.ok(await clockError(sandbox) > 47 * 3600);
  }),
);

test("what was printed and left behind holds no secret", shared.end);
