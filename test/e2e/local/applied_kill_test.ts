import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { readResources } from "../../../src/resources/yaml.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";

const hasStrace = spawnSync("strace", ["-V"]).status === 0;

/** How a file comes to be under its own name. */
const calls = "link,linkat,rename,renameat,renameat2";

/** A site with a grant and a link, not in the order in which they can be made. */
function setup(namespace: string): string {
  const version = (kind: string) => kind === "Secret" ? "v1" : "skupper.io/v2alpha1";
  const encoded = Buffer.from("a file").toString("base64");
  const resources: [string, object][] = [
    ["Link", {
      spec: { tlsCredentials: "up", endpoints: [{ name: "edge", host: "h", port: "1" }] },
    }],
    ["AccessGrant", { spec: { redemptionsAllowed: 2 } }],
    ["Secret", { data: { "ca.crt": encoded, "tls.crt": encoded, "tls.key": encoded } }],
    ["Site", { spec: { linkAccess: "default" } }],
  ];
  return JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: resources.map(([kind, parts]) => ({
      apiVersion: version(kind),
      kind,
      metadata: { name: "up", namespace },
      ...parts,
    })),
  });
}

const made = ["secret/up", "site.skupper.io/up", "accessgrant.skupper.io/up", "link.skupper.io/up"];

/** Fails if a file of the namespace's input is not whole. */
function assertWhole(sandbox: Sandbox, namespace: string): void {
  const input = path.join(sandbox.dataHome, "namespaces", namespace, "input/resources");
  if (!fs.existsSync(input)) return;
  for (const name of fs.readdirSync(input).filter((each) => each.endsWith(".yaml"))) {
    const [resource] = readResources(fs.readFileSync(path.join(input, name), "utf8"), name);
    assert.equal((resource?.["metadata"] as { name: string }).name, "up", name);
  }
}

test(
  "killed before any file has its name, apply leaves what is whole, and goes on (needs strace)",
  { skip: !hasStrace },
  inSandbox(async (sandbox) => {
    const executable = path.join(sandbox.folder, "bin/hawser");
    const seen = new Set<number>();
    for (let step = 1;; step++) {
      const namespace = `step${step}`;
      const file = sandbox.write(`${namespace}.json`, setup(namespace));
      const apply = ["apply", "-f", file];
      const trace = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${calls}`];
      const kill = ["-e", `inject=${calls}:signal=KILL:when=${step}`];
      const { code } = await sandbox.run("strace", [...trace, ...kill, executable, ...apply]);
      assertWhole(sandbox, namespace);
      const again = await sandbox.succeed(apply);
      const changes = again.stdout.trim().split("\n").map((line) => line.split(" "));
      assert.deepEqual(changes.map(([name]) => name), made);
      // whole as it was to be, or not there at all
      for (const [name, change] of changes) {
        assert.ok(["created", "unchanged"].includes(change!), `step ${step}: ${name} ${change}`);
      }
      const once = await sandbox.succeed(apply);
      assert.equal(once.stdout, made.map((name) => `${name} unchanged\n`).join(""));
      assertWhole(sandbox, namespace);
      seen.add(changes.filter(([, change]) => change === "unchanged").length);
      if (code === 0) break;
    }
    assert.ok(seen.size > 2, `killed with ${[...seen]} of them stored`);
  }),
);
