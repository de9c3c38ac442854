import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { get } from "node:https";
import * as path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { inSandbox, isRoot, Sandbox } from "./harness.ts";
import { assertNoSecrets } from "./secrets.ts";
import { makeCertificate, standInToken, startStandInServer } from "./stand_in_server.ts";

const secretIn = (place: RegExp) => ({ name: "AssertionError", message: place });

test(
  "a code in a file that others may read is a leak",
  inSandbox((sandbox) => {
    const file = sandbox.write("tmp/token.yaml", "spec:\n  code: abcdefgh12345678\n", 0o644);
    assert.throws(() => assertNoSecrets(sandbox.folder, []), secretIn(/token\.yaml holds/));
    fs.chmodSync(file, 0o600);
    assertNoSecrets(sandbox.folder, ["nothing to see"]);
  }),
);

test(
  "a private key is found in an output, as it stands and in base64",
  inSandbox((sandbox) => {
    const { key } = makeCertificate();
    const base64 = Buffer.from(key).toString("base64");
    sandbox.write("data/secret.yaml", `data:\n  tls.key: ${base64}\n`);
    for (const output of [key, JSON.stringify({ key }), `x: ${base64}`]) {
      assert.throws(() => assertNoSecrets(sandbox.folder, [output]), secretIn(/an output holds/));
    }
    assertNoSecrets(sandbox.folder, [makeCertificate().certificate]);
  }),
);

test("a sandbox ends with its detached processes", async () => {
  const sandbox = new Sandbox();
  const child = spawn("sleep", ["1000"], {
    detached: true,
    stdio: "ignore",
    env: { ...process.env, HAWSER_DATA_HOME: sandbox.dataHome },
  });
  const ended = new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
  await sandbox.end();
  assert.equal(await ended, "SIGKILL");
  assert.equal(fs.existsSync(sandbox.folder), false);
});

test(
  "an ordinary user's sandbox is that user's (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    assert.equal(fs.statSync(sandbox.write("a/b/c", "x")).uid, 65534);
    assert.equal((await sandbox.run("id", ["-u"])).stdout, "65534\n");
  }, { ordinaryUser: true }),
);

test(
  "an offline sandbox has loopback and nothing else (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["version"]);
    const { stdout } = await sandbox.run("ip", ["-oneline", "-4", "address"]);
    assert.match(stdout, /^1: lo +inet 127\.0\.0\.1\/8 [^\n]*\n$/);
  }, { offline: true }),
);

test("the stand-in server answers whoever trusts its certificate", async () => {
  const server = await startStandInServer((_request, response) => response.end("hello"));
  try {
    const body = await new Promise((resolve, reject) => {
      get(`${server.url}/x`, { ca: server.ca, agent: false }, (response) => {
        response.setEncoding("utf8").on("data", resolve);
      }).on("error", reject);
    });
    assert.equal(body, "hello");
    assert.deepEqual(server.requests, ["GET /x"]);
    assert.match(standInToken(server), /kind: AccessToken[^]*BEGIN CERTIFICATE/);
  } finally {
    await server.close();
  }
});

test("write() makes folders that only the owner can enter", async () => {
  const sandbox = new Sandbox();
  const file = sandbox.write("data/namespaces/west/input/resources/Site-west.yaml", "x");
  assert.equal(fs.statSync(path.dirname(file)).mode & 0o777, 0o700);
  await sandbox.end();
});
