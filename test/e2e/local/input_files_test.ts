import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { listGrants, prepareSites } from "../stage/sites.ts";

const apiVersion = "skupper.io/v2alpha1";

function grant(name: string, redemptionsAllowed: number): string {
  const spec = { redemptionsAllowed, expirationWindow: "1h" };
  return `---\n${JSON.stringify({ apiVersion, kind: "AccessGrant", metadata: { name }, spec })}\n`;
}

async function untilReady(sandbox: Sandbox, name: string): Promise<void> {
  const isReady = async () =>
    (await listGrants(sandbox)).some((grant) => grant.name === name && grant.status === "Ready");
  await eventually(isReady, () => name);
}

/** Writes the token of a grant as `kubectl get` would show it to who writes one by hand. */
async function writeToken(sandbox: Sandbox, name: string): Promise<void> {
  const args = ["get", "accessgrant", name, "-n", "west", "--show-secrets", "-o", "json"];
  const { stdout } = await sandbox.succeed(args, { printsToken: true });
  const { url, code, ca } = JSON.parse(stdout).status;
  sandbox.secrets.push(code);
  const token = { apiVersion, kind: "AccessToken", metadata: { name }, spec: { url, code, ca } };
  sandbox.write("t.yaml", JSON.stringify(token));
}

test(
  "a file of grants that is written piece by piece ends none, nor does one that was away for good",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east", "far");
    const folder = "data/namespaces/west/input/resources";
    const file = sandbox.write(`${folder}/grants.yaml`, grant("first", 2) + grant("last", 2));
    await untilReady(sandbox, "last");
    await writeToken(sandbox, "last");

    fs.writeFileSync(file, grant("first", 3));
    const writer = setInterval(() => fs.appendFileSync(file, "# more is to come\n"), 100);
    const seen = await listGrants(sandbox);
    clearInterval(writer);
    fs.appendFileSync(file, grant("last", 2));
    assert.deepEqual(seen.map(({ name }) => name), ["first", "last"]);
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);

    const aside = path.join(sandbox.folder, "aside.yaml");
    fs.renameSync(file, aside);
    await eventually(async () => (await listGrants(sandbox)).length === 0);
    fs.renameSync(aside, file);
    await untilReady(sandbox, "last");
    await writeToken(sandbox, "last");
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "far"]);
  }),
);
