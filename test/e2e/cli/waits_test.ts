import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, prepareSites } from "../stage/sites.ts";

const shared = shareSandbox(async (sandbox) => {
  await prepareSites(sandbox, "east");
  await issueToken(sandbox, "t.yaml");
});

const redeem = ["token", "redeem", "t.yaml", "-n", "east", "--wait", "ready"];

test(
  "a wait for a link that timed out goes on when the same command is run again",
  shared.use(async (sandbox) => {
    for (const timeout of ["1s", "20ms"]) {
      const { code, stderr } = await sandbox.hawser([
        ...redeem,
        ...["-o", "json", "--timeout", timeout],
      ]);
      assert.equal(code, 124, stderr);
      const { error } = JSON.parse(stderr);
      assert.ok(error.message.startsWith(`Timed out after ${timeout} waiting for `), stderr);
      if (timeout !== "1s") continue; // the shorter one may end before anything is seen
      assert.match(error.message, /for link "west-\w{5}" to be active: Pending /);
      assert.match(
        error.done.join(),
        /^Token "west-\w{5}" is redeemed, and link "west-\w{5}" made.$/,
      );
    }
    // without the wait there is nothing to go on with
    const again = await sandbox.hawser(redeem.slice(0, -2));
    assert.equal(again.code, 7, again.stderr);
  }),
);

test(
  "Ctrl-C while a link is awaited says what is done, and what shows the rest",
  shared.use(async (sandbox) => {
    const waiting = sandbox.start(redeem);
    let said = "";
    waiting.process.stderr!.on("data", (text) => said += text);
    const awaited = /^Waiting for link "west-\w{5}" to be active: Pending .*\.\.\.$/m;
    await eventually(() => awaited.test(said), () => said);
    process.kill(waiting.process.pid!, "SIGINT");
    assertRefused(
      await waiting.ended,
      130,
      'error: Interrupted while waiting for link "west-[WILDCARD]" to be active: Pending [WILDCARD]',
      'done: Token "west-[WILDCARD]" is redeemed, and link "west-[WILDCARD]" made.',
      "hint: To go on from here: hawser link status west-[WILDCARD] -n east",
    );
  }),
);

test(
  "beside a controller that hangs, what was awaited is named, however short the time",
  shared.use(async (sandbox) => {
    const { stdout } = await sandbox.succeed(["controller", "status", "-o", "json"]);
    const { pid } = JSON.parse(stdout);
    process.kill(pid, "SIGSTOP");
    try {
      const waits = [
        ["token issue x.yaml -n west", "access grant "],
        ["controller status", "the controller of "],
      ] as const;
      for (const [line, awaited] of waits) {
        const args = [...line.split(" "), "--timeout", "300ms"];
        const { code, stderr } = await sandbox.hawser(args);
        assert.equal(code, 124, stderr);
        assert.ok(
          stderr.includes(`error: Timed out after 300ms waiting for ${awaited}`),
          stderr,
        );
      }
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }),
);

test(
  "an API server that accepts and says nothing is told as what is waited for",
  shared.use(async (sandbox) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const kubeconfig = sandbox.write(
      "kubeconfig",
      JSON.stringify({
        clusters: [{ name: "c", cluster: { server: url } }],
        contexts: [{ name: "c", context: { cluster: "c", user: "" } }],
        "current-context": "c",
      }),
    );
    const args = ["site", "status", "-p", "kubernetes", "--kubeconfig", kubeconfig];
    const waiting = sandbox.start(args);
    let said = "";
    waiting.process.stderr!.on("data", (text) => said += text);
    await eventually(() => said === `Waiting for an answer from ${url}...\n`, () => said);
    process.kill(waiting.process.pid!, "SIGINT");
    const { code, stderr } = await waiting.ended;
    assert.equal(code, 130);
    assert.ok(
      stderr.endsWith(`error: Interrupted while waiting for an answer from ${url}\n`),
      stderr,
    );
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  }),
);

test("what was printed and left behind holds no secret", shared.end);
