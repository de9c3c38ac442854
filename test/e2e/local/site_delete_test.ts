import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { inSandbox } from "../stage/harness.ts";
import { issueToken, linkAccess, prepareSites } from "../stage/sites.ts";

const listener = "apiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata:\n  name: backend\n";
const connector = listener.replace("Listener", "Connector");
const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mine\n";

test(
  "site delete leaves the user's listeners and connectors, and takes them with --all",
  inSandbox(async (sandbox) => {
    const resources = path.join(sandbox.dataHome, "namespaces/west/input/resources");
    const files = {
      "Listener-backend.yaml": listener,
      "services/backend.yml": `${connector}---\n${listener}`,
      "mixed.yaml": `${configMap}---\n${connector}`,
    };
    await sandbox.succeed(["site", "create", "west", "-n", "west"]);
    fs.mkdirSync(path.join(resources, "services"));
    for (const [name, text] of Object.entries(files)) {
      fs.writeFileSync(path.join(resources, name), text);
    }
    await sandbox.succeed(["site", "delete", "-n", "west"]);
    assert.deepEqual(filesIn(resources), files);
    await sandbox.succeed(["site", "create", "west", "-n", "west"]);
    await sandbox.succeed(["site", "delete", "--all", "-n", "west"]);
    assert.deepEqual(filesIn(resources), { "mixed.yaml": configMap });
  }),
);

function filesIn(folder: string): Record<string, string> {
  const found = fs.readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => fs.statSync(path.join(folder, name)).isFile());
  return Object.fromEntries(
    found.map((name) => [name, fs.readFileSync(path.join(folder, name), "utf8")]),
  );
}

test(
  "site delete --all beside site create and update leaves a whole site, or nothing",
  inSandbox(async (sandbox) => {
    const root = path.join(sandbox.dataHome, "namespaces/west");
    for (let round = 0; round < 6; round++) {
      const changing = round % 2 === 0
        ? ["site", "create", "west", "-n", "west"]
        : ["site", "update", "-n", "west", "--enable-link-access", "--link-host", "127.0.0.1"];
      if (round % 2 === 1) await sandbox.hawser(["site", "create", "west", "-n", "west"]);
      const outcomes = await Promise.all([
        sandbox.hawser(changing),
        sandbox.hawser(["site", "delete", "--all", "-n", "west"]),
      ]);
      // changed meanwhile is told as that, and so is a site that is not there to be changed
      for (const { code, stderr } of outcomes) assert.ok([0, 3, 7].includes(code!), stderr);
      const parts = ["input/resources/Site-west.yaml", "input/issuers/skupper-site-ca/tls.crt"];
      const [site, authority] = parts.map((part) => fs.existsSync(path.join(root, part)));
      assert.equal(site, authority, `round ${round}`);
      if (!site) assert.ok(!fs.existsSync(root));
    }
  }),
);

const siteWest = ["site", "create", "west", "-n", "west", ...linkAccess];

test(
  "site delete says how many live grants end with it, and asks who can answer",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "first.yaml");
    await issueToken(sandbox, "second.yaml");
    const answering = (answer: string, line: string) =>
      sandbox.run("sh", ["-c", `printf '${answer}\\n' | script -qec "hawser ${line}" /dev/null`]);
    for (const line of ["site delete -n west", "delete site/west -n west"]) {
      const kept = await answering("n", line);
      const asked = /2 access grants that could still be redeemed end.*Delete the site/s;
      assert.match(kept.stdout, asked);
      assert.match(kept.stdout, /Nothing is deleted/);
      await sandbox.succeed(["site", "status", "-n", "west"]);
    }
    assert.doesNotMatch((await answering("", "site delete -n east")).stdout, /grant/);
    const asked = await answering("y", "site delete -n west");
    assert.match(asked.stdout, /Site "west" is deleted/);

    await sandbox.succeed(siteWest);
    await issueToken(sandbox, "third.yaml");
    const unasked = await sandbox.succeed(["site", "delete", "-n", "west"]);
    assert.match(unasked.stderr, /With the site, 1 access grant that could still be redeemed ends/);
    await sandbox.succeed(siteWest);
    await issueToken(sandbox, "fourth.yaml");
    const sure = await sandbox.run("script", ["-qec", "hawser site delete -n west --yes", "log"]);
    assert.match(sure.stdout, /1 access grant.*Site "west" is deleted/s);
  }),
);
