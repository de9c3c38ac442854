import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { assertGolden, assertMatches } from "./golden.ts";
import type { Outcome, Sandbox } from "./harness.ts";
import { assertRefused } from "./refusal.ts";
import { linkAccess, redemptionFiles } from "./sites.ts";

/** Runs a command that succeeds, and compares stdout and stderr, `[WILDCARD]` being any text. */
async function expect(
  sandbox: Sandbox,
  line: string,
  wanted: { stdout: string; stderr?: string },
): Promise<Outcome> {
  const outcome = await sandbox.succeed(line.split(" "));
  assertMatches(outcome.stdout, wanted.stdout);
  assertMatches(outcome.stderr, wanted.stderr ?? "");
  return outcome;
}

/**
 * Plays the first link between two sites, from its sites to their end, on the platform that the
 * sandbox's environment names; `log` is where the controller's log is said to be.
 */
export async function playScript(
  sandbox: Sandbox,
  platform = "linux",
  log = path.join(sandbox.dataHome, "hawser/.controller/controller.log"),
): Promise<void> {
  const { folder, dataHome } = sandbox;
  await expect(sandbox, `site create west -n west ${linkAccess.join(" ")}`, {
    stdout: 'Site "west" is configured.\n',
    stderr: "hint: Tokens can be issued once a controller runs: hawser controller start\n",
  });
  await expect(sandbox, "controller start", {
    stdout: `The controller is running.\n[WILDCARD]Data home:      ${dataHome}\n` +
      `[WILDCARD]Grant service:  https://[WILDCARD]Namespaces:     west\n[WILDCARD]` +
      `Log:            ${log}\n`,
    stderr: platform === "linux"
      ? "Waiting for the controller...\n" +
        "hint: After a reboot it is to be started again; with systemd it would be a unit.\n"
      : "Waiting for the controller...\n",
  });
  await expect(sandbox, "site status -n west", {
    stdout: "Name:         west\nStatus:       Ready\nMessage:      -\nLink access:  enabled\n" +
      "Endpoint:     inter-router 127.0.0.1:[WILDCARD]\nEndpoint:     edge 127.0.0.1:[WILDCARD]\n" +
      `Router:       not running (skupper system start -n west -p ${platform} starts one)\n` +
      "Signed by:    an issuing authority, its key new every 30 days\n",
  });

  const issued = await sandbox.succeed(["token", "issue", `${folder}/west.yaml`, "-n", "west"]);
  assertGolden("token_issue", issued, { [folder]: "/home/fritz", [grantIn(issued)]: "west-6bfn6" });
  assert.equal(fs.statSync(`${folder}/west.yaml`).mode & 0o777, 0o600);
  const other = await sandbox.succeed([
    ...["token", "issue", "three.yaml", "-n", "west", "--link-cost", "2", "--timeout", "1m"],
    ...["--redemptions-allowed", "3", "--expiration-window", "24h"],
  ]);
  assertGolden("token_issue_limits", other, { [grantIn(other)]: "west-6bfn6" });
  const again = `token issue again.yaml -n west --grant ${grantIn(other)}`;
  await expect(sandbox, again, {
    stdout: "[WILDCARD]\nThe token expires after 3 uses or after 2[WILDCARD].\n",
    stderr: "Waiting for status...\nhint: [WILDCARD]\n",
  });

  await expect(sandbox, "site create east -n east", { stdout: 'Site "east" is ready.\n' });
  const name = grantIn(issued);
  await expect(sandbox, "token redeem west.yaml -n east --link-cost 5", {
    stdout: `Link "${name}" is configured.\nYou can now safely delete west.yaml.\n`,
    stderr: `Redeeming token "${name}"...\n` +
      "hint: No router runs for this site yet; the link becomes active when one does: " +
      `skupper system start -n east -p ${platform}\n`,
  });
  await expect(sandbox, "link status -n east", {
    stdout: `NAME        STATUS   COST  MESSAGE\n${name}  Pending  5     Not operational\n`,
  });
  await expect(sandbox, `link status ${name} -n east`, {
    stdout: `Name:     ${name}\nStatus:   Pending\nMessage:  Not operational\nCost:     5\n`,
  });
  assertRefused(
    await sandbox.hawser(["token", "redeem", "west.yaml", "-n", "other"]),
    5,
    `error: Token "${name}" is used up: its grant has no redemptions left`,
    "hint: Ask for a new token, or one with more redemptions (--redemptions-allowed).",
  );
  assert.ok(!fs.existsSync(path.join(dataHome, "namespaces/other")));

  await sandbox.succeed(["site", "create", "south", "-n", "south"]);
  await expect(sandbox, "token redeem three.yaml -n south --link-cost 7", {
    stdout: `Link "${grantIn(other)}" is configured.\nYou can now safely delete three.yaml.\n`,
    stderr: "[WILDCARD]",
  });
  await expect(sandbox, "link status -n south", {
    stdout: `NAME        STATUS   COST  MESSAGE\n${grantIn(other)}  Pending  7     [WILDCARD]\n`,
  });
  await expect(sandbox, "grant list -n west", {
    stdout: "NAME        STATUS   REDEMPTIONS  EXPIRES    MESSAGE\n[WILDCARD]",
  });
  await expect(sandbox, `grant revoke ${grantIn(other)} -n west`, {
    stdout: `Access grant "${grantIn(other)}" is revoked.\n`,
  });
  await expect(sandbox, `link delete ${name} -n east`, { stdout: `Link "${name}" is deleted.\n` });
  assert.deepEqual(redemptionFiles(sandbox, "east"), []);
  await expect(sandbox, "link status -n east", {
    stdout: "There are no link resources in the namespace.\n",
  });
  await endScript(sandbox);
}

async function endScript(sandbox: Sandbox): Promise<void> {
  const { dataHome } = sandbox;
  await expect(sandbox, "controller status", {
    stdout:
      `Data home:      ${dataHome}\n[WILDCARD]\nNamespaces:     east, south, west\n[WILDCARD]`,
  });
  await expect(sandbox, "controller stop", {
    stdout: "The controller has stopped.\n",
    stderr: "Waiting for the controller to finish...\n",
  });
  assertRefused(
    await sandbox.hawser(["token", "issue", "no.yaml", "-n", "west"]),
    3,
    `error: No controller is running for ${dataHome}`,
    "hint: hawser controller start",
  );
  assert.ok(!fs.existsSync(path.join(sandbox.folder, "no.yaml")));
  for (const [name, ...options] of [["west"], ["south", "--all"], ["east"]]) {
    await expect(sandbox, ["site", "delete", name, "-n", name, ...options].join(" "), {
      stdout: `Site "${name}" is deleted.\n`,
    });
  }
  assert.deepEqual(fs.readdirSync(path.join(dataHome, "namespaces")), []);
}

/** The grant that `token issue` speaks of. */
function grantIn({ stdout }: Outcome): string {
  return stdout.match(/Access grant "(west-[a-z0-9]{5})"/)![1]!;
}
