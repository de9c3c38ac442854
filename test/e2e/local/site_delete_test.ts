import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { inSandbox } from "../stage/harness.ts";

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
