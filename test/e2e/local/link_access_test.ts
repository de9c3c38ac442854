import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, isRoot, type Outcome, type Sandbox } from "../stage/harness.ts";
import { assertRefused, messages } from "../stage/refusal.ts";
import { issueToken, listGrants } from "../stage/sites.ts";

const issue = ["token", "issue", "t.yaml", "-n", "west"];

/** What stands between the quotes of a hint, as a user pastes it into a shell. */
async function paste(sandbox: Sandbox, outcome: Outcome, calledAs = "hawser"): Promise<void> {
  const command = outcome.stderr.match(/^hint: .*"(.*)"/m)?.[1] ??
    outcome.stderr.match(/^hint: To go on from here: (.*)$/m)![1]!;
  assert.ok(command.startsWith(`${calledAs} `), command);
  const pasted = await sandbox.run("sh", ["-c", command]);
  assert.equal(pasted.code, 0, pasted.stderr);
}

function assertNothingIssued(sandbox: Sandbox): void {
  assert.ok(!fs.existsSync(path.join(sandbox.folder, "t.yaml")));
}

for (const calledAs of ["hawser", "skupper"]) {
  test(
    `without link access no token is issued; what ${calledAs} hints at enables it`,
    inSandbox(async (sandbox) => {
      await sandbox.succeed(["controller", "start"]);
      await sandbox.succeed(["site", "create", "west", "-n", "west"]);
      const outcome = await sandbox.hawser(issue, { calledAs });
      assertRefused(
        outcome,
        3,
        "error: Link access is not enabled",
        "hint: Link access at this site is not currently enabled. You can use " +
          `"${calledAs} site update --enable-link-access -n west" to enable it.`,
      );
      assertNothingIssued(sandbox);
      assert.deepEqual(await listGrants(sandbox), []);
      await paste(sandbox, outcome, calledAs);
      const { stdout } = await sandbox.succeed(["site", "status", "-n", "west"]);
      assert.match(stdout, /^Link access: {2}enabled$/m);
    }),
  );
}

test(
  "link access that is taken away again closes the site",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start"]);
    const links = ["--enable-link-access", "--link-host", "127.0.0.1"];
    await sandbox.succeed(["site", "create", "west", "-n", "west", ...links]);
    await sandbox.succeed(["site", "update", "-n", "west", "--disable-link-access"]);
    const { stdout } = await sandbox.succeed(["site", "status", "-n", "west"]);
    assert.match(stdout, /^Link access: {2}not enabled$/m);
    assert.doesNotMatch(stdout, /^Endpoint/m);
    const { code, stderr } = await sandbox.hawser(issue);
    assert.equal(code, 3, stderr);
    assertNothingIssued(sandbox);
  }),
);

test(
  "a grant whose site is closed for a while is not issued again",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start"]);
    const links = ["--enable-link-access", "--link-host", "127.0.0.1", "-n", "west"];
    await sandbox.succeed(["site", "create", "west", ...links]);
    const grant = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["site", "update", "-n", "west", "--disable-link-access"]);
    await sandbox.succeed(["wait", "grant", grant, "--for", "pending", "-n", "west"]);
    await sandbox.succeed(["site", "update", ...links]);
    await sandbox.succeed(["wait", "grant", grant, "-n", "west"]);
    const { stdout } = await sandbox.succeed(["audit", "show", "-o", "json", "--grant", grant]);
    assert.deepEqual(JSON.parse(stdout).map(({ event }: { event: string }) => event), ["issued"]);
  }),
);

test(
  "link access without an address is awaited, and ends with --link-host (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start"]);
    await sandbox.succeed(["site", "create", "west", "-n", "west", "--enable-link-access"]);
    const { stdout } = await sandbox.succeed(["site", "status", "-n", "west"]);
    const why = "No address that remote sites can reach is known, give one with --link-host";
    assert.ok(stdout.includes(`\nStatus:       Pending\nMessage:      ${why}\n`), stdout);

    const limits = ["--redemptions-allowed", "3", "--expiration-window", "1h"];
    const outcome = await sandbox.hawser([...issue, ...limits, "--timeout", "1s"]);
    assertRefused(
      outcome,
      124,
      'error: Timed out after 1s waiting for site "west" to be ready for links: ' +
        `site "west" is Pending (${why}), without an endpoint`,
      "hint: To go on from here: hawser token issue t.yaml " +
        "--redemptions-allowed 3 --expiration-window 1h -n west",
    );
    assertNothingIssued(sandbox);
    assert.deepEqual(await listGrants(sandbox), []);

    const waiting = sandbox.start([...issue, ...limits]);
    let said = "";
    waiting.process.stderr!.on("data", (text) => said += text);
    await eventually(() => said.includes("Waiting for status..."));
    await sandbox.succeed(["site", "update", "-n", "west", "--link-host", "127.0.0.1"]);
    const issued = await waiting.ended;
    assert.equal(issued.code, 0, issued.stderr);
    assert.match(issued.stdout, /^The token expires after 3 uses or after 1 hour\.$/m);
    await paste(sandbox, outcome);
  }, { offline: true }),
);

test(
  "an edge site takes no links, and so issues no tokens",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["controller", "start"]);
    await sandbox.succeed(["site", "create", "west", "-n", "west", "--enable-link-access"]);
    const file = "data/namespaces/west/input/resources/Site-west.yaml";
    sandbox.write(file, `${sandbox.read(file).trimEnd()}\n  edge: true\n`);
    assertRefused(
      await sandbox.hawser(issue),
      3,
      'error: Site "west" is an edge site, ' +
        "and edge sites cannot accept links from remote sites",
      "hint: Issue the token at an interior site, and redeem it here.",
    );
    assertNothingIssued(sandbox);
    assert.deepEqual(await listGrants(sandbox), []);

    const before = sandbox.read(file);
    const update = await sandbox.hawser(["site", "update", "-n", "west", "--enable-link-access"]);
    assert.equal(update.code, 3);
    assert.match(update.stderr, /^error: Site "west" is an edge site, /);
    assert.equal(sandbox.read(file), before);
  }),
);

test(
  "without a controller no token is issued; what is hinted at starts one",
  inSandbox(async (sandbox) => {
    const create = ["site", "create", "west", "-n", "west", "--enable-link-access"];
    await sandbox.succeed([...create, "--link-host", "127.0.0.1"]);
    const outcome = await sandbox.hawser(issue);
    const [, hint] = messages(outcome).split("\n");
    assert.equal(outcome.code, 3);
    const pasted = await sandbox.run("sh", ["-c", hint!.replace("hint: ", "")]);
    assert.equal(pasted.code, 0, pasted.stderr);
    await sandbox.succeed(issue);
  }),
);
