import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Running, type Sandbox } from "../stage/harness.ts";
import { issueToken, listGrants, prepareSites, redemptionFiles } from "../stage/sites.ts";
import { standInToken, startStandInServer } from "../stage/stand_in_server.ts";

const redeem = ["token", "redeem", "-n", "east", "--timeout", "0"];

/** What it has said on stderr up to now. */
function listen({ process }: Running): () => string {
  let said = "";
  process.stderr!.on("data", (text) => said += text);
  return () => said;
}

test(
  "--retry-for goes on with the same redemption until the service is back: one key, one use",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "3");
    await sandbox.succeed(["controller", "stop"]);
    // what came by a pipe is there at each try
    const args = [...redeem, "-", "--retry-for", "10m"];
    const running = sandbox.start(args, { stdin: sandbox.read("t.yaml") });
    const said = listen(running);
    await eventually(() => /^retry: try 3 in [\d.]+m?s: Cannot reach /m.test(said()), said);
    assert.equal(keys(sandbox).length, 1);
    const [key] = keys(sandbox);
    await sandbox.succeed(["controller", "start"]);
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Link "west-\w{5}" /m);
    assert.doesNotMatch(stderr, /^error:/m);
    assert.deepEqual(keys(sandbox), [], `of ${key}`);
    await eventually(async () => (await listGrants(sandbox))[0]!.redemptions === 1);
  }),
);

function keys(sandbox: Sandbox): string[] {
  return redemptionFiles(sandbox, "east").filter((file) => file.endsWith(".key"));
}

test(
  "--retry-for comes again when it is asked to, tells so as JSON, and ends by Ctrl-C",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["site", "create", "east", "-n", "east"]);
    const server = await startStandInServer((_request, response) => {
      response.writeHead(503, { "retry-after": "3600" }).end("busy");
    });
    try {
      sandbox.write("t.yaml", standInToken(server));
      sandbox.secrets.push("StandInCode1234567890abc");
      const args = [...redeem, "t.yaml", "--retry-for", "2h", "-o", "json"];
      const running = sandbox.start(args);
      const said = listen(running);
      await eventually(() => said().includes("\n"), said);
      assert.match(JSON.parse(said().split("\n")[0]!).retry, /^try 2 in 1h: .* answered 503/);
      process.kill(running.process.pid!, "SIGINT");
      const { code, stdout, stderr } = await running.ended;
      assert.equal(code, 130);
      assert.equal(stdout, "");
      assert.equal(JSON.parse(stderr.trim().split("\n").at(-1)!).error.code, "interrupted");

      const brief = await sandbox.hawser([...redeem, "t.yaml", "--retry-for", "1s"]);
      assert.equal(brief.code, 8, brief.stderr);
      assert.doesNotMatch(brief.stderr, /^retry:/m); // an hour is more than a second
    } finally {
      await server.close();
    }
  }),
);

test(
  "--retry-for repeats nothing that can't pass, and is for commands that something may pass at",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["site", "create", "east", "-n", "east"]);
    const missing = await sandbox.hawser([...redeem, "none.yaml", "--retry-for", "1h"]);
    assert.equal(missing.code, 6);
    assert.doesNotMatch(missing.stderr, /^retry:/m);
    const versions = await sandbox.hawser(["version", "--retry-for", "1h"]);
    assert.equal(versions.code, 2);
  }),
);
