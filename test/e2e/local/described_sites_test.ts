import assert from "node:assert/strict";
import { test } from "node:test";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { issueToken, prepareSites } from "../stage/sites.ts";

/** What upstream's `site create` leaves: it makes nothing more before the site is started. */
function describeSite(sandbox: Sandbox, name: string, spec = "", home = "data"): void {
  const site = `apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata:\n  name: ${name}\n` +
    `  namespace: ${name}\n${spec}`;
  sandbox.write(`${home}/namespaces/${name}/input/resources/Site-${name}.yaml`, site);
}

test(
  "a site that upstream described and did not start redeems tokens, and issues them",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox);
    const name = await issueToken(sandbox, "t.yaml");
    // elsewhere: the controller here would found it first
    describeSite(sandbox, "mix", "", "other");
    const env = { HAWSER_DATA_HOME: `${sandbox.folder}/other` };
    const redeemed = await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "mix"], { env });
    assert.match(redeemed.stdout, new RegExp(`^Link "${name}" is configured\\.$`, "m"));
    assert.match(redeemed.stderr, /^Making the certificate authority of site "mix"\.\.\.$/m);

    describeSite(sandbox, "open", "spec:\n  linkAccess: default\n");
    const issue = ["token", "issue", "u.yaml", "-n", "open"];
    assert.match((await sandbox.succeed(issue)).stdout, /^Token file u\.yaml created\.$/m);
    await sandbox.succeed(["token", "redeem", "u.yaml", "-n", "west"]);
  }),
);
