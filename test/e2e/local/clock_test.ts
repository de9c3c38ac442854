import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { type Outcome, type Sandbox, shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, listGrants, prepareSites, redemptionFiles } from "../stage/sites.ts";

const skip = spawnSync("faketime", ["--version"]).status !== 0;

const shared = shareSandbox((sandbox) => prepareSites(sandbox, "east"));

/** Runs the executable with a clock that is off by that much. */
function withClock(sandbox: Sandbox, off: string, args: string[]): Promise<Outcome> {
  return sandbox.run("faketime", ["-f", off, "hawser", ...args]);
}

const redeem = ["token", "redeem", "t.yaml", "-n", "east"];

test(
  "a clock that is an hour behind is told: certificates are not valid yet (needs faketime)",
  { skip },
  shared.use(async (sandbox) => {
    const grant = await issueToken(sandbox, "t.yaml");
    assertRefused(
      await withClock(sandbox, "-1h", redeem),
      8,
      "error: Cannot trust the server at https://[WILDCARD]: its certificate is not valid before " +
        "[WILDCARD]Z; this machine's clock says [WILDCARD]Z",
      "hint: Set this machine's clock.",
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
    assert.match(inspected.stdout, /^Expires: .*Z \(expired\)$/m);
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

test("what was printed and left behind holds no secret", shared.end);
