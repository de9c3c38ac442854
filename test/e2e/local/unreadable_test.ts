import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { issueToken, prepareSites } from "../stage/sites.ts";

function redeem(sandbox: Sandbox, site: string) {
  return sandbox.hawser(["token", "redeem", "t.yaml", "-n", site]);
}

function findFile(sandbox: Sandbox, pattern: RegExp): string {
  const found = fs.readdirSync(sandbox.dataHome, { recursive: true, encoding: "utf8" });
  return path.join(sandbox.dataHome, found.find((file) => pattern.test(file))!);
}

/** Takes the right to read a file away until the controller has found that it can't. */
async function makeUnreadable(sandbox: Sandbox, file: string): Promise<void> {
  const log = path.join(sandbox.dataHome, "hawser/.controller/controller.log");
  const before = fs.readFileSync(log, "utf8").length;
  fs.chmodSync(file, 0);
  await eventually(
    () =>
      /"(reconcile|watch)-failed".*permission denied/.test(
        fs.readFileSync(log, "utf8").slice(before),
      ),
    () => fs.readFileSync(log, "utf8"),
  );
}

test(
  "a grant whose record can't be read for a while is served on, and is not revoked by that",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "u1", "u2", "u3");
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    const record = findFile(sandbox, /hawser\/west\/.*\/AccessGrant-/);
    await makeUnreadable(sandbox, record);
    assert.equal((await redeem(sandbox, "u1")).code, 0);
    fs.chmodSync(record, 0o600);
    assert.equal((await redeem(sandbox, "u2")).code, 0);
    assert.equal((await redeem(sandbox, "u3")).code, 5);
  }, { ordinaryUser: true }),
);

test(
  "a site whose authority can't be read for a while is not gone, nor are its grants",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "u1");
    await issueToken(sandbox, "t.yaml");
    const authority = findFile(sandbox, /west\/input\/issuers\/.*\/tls\.crt$/);
    await makeUnreadable(sandbox, authority);
    const waiting = sandbox.start(["token", "redeem", "t.yaml", "-n", "u1"]);
    let said = "";
    waiting.process.stderr!.on("data", (text) => said += text);
    await eventually(() => said.includes("answered 503"), () => said);
    fs.chmodSync(authority, 0o600);
    const { code, stderr } = await waiting.ended;
    assert.equal(code, 0, stderr);
  }, { ordinaryUser: true }),
);

test(
  "a controller that can't read a namespace when it starts calls none of its grants gone",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "u1");
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["controller", "stop"]);
    const resources = path.join(sandbox.dataHome, "namespaces/west/input/resources");
    fs.chmodSync(resources, 0);
    await sandbox.succeed(["controller", "start"]);
    const waiting = sandbox.start(["token", "redeem", "t.yaml", "-n", "u1"]);
    let said = "";
    waiting.process.stderr!.on("data", (text) => said += text);
    let isOver = false;
    waiting.ended.then(() => isOver = true);
    await eventually(() => isOver || said.includes("answered 503"), () => said);
    fs.chmodSync(resources, 0o700);
    const { code, stderr } = await waiting.ended;
    assert.equal(code, 0, stderr);
  }, { ordinaryUser: true }),
);
