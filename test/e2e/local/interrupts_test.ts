import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { readRequest } from "../../../src/pki/request.ts";
import { eventually } from "../stage/eventually.ts";
import { type Running, type Sandbox, shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { listGrants, prepareSites, redemptionFiles } from "../stage/sites.ts";
import { standInToken, startStandInServer } from "../stage/stand_in_server.ts";

const shared = shareSandbox((sandbox) => prepareSites(sandbox, "east"));

const issue = ["token", "issue", "t.yaml", "-n", "west"];

/** Lets the controller do nothing while `body` runs, so that no grant becomes ready. */
async function withoutProgress(sandbox: Sandbox, body: () => Promise<void>): Promise<void> {
  const { stdout } = await sandbox.succeed(["controller", "status", "-o", "json"]);
  const { pid } = JSON.parse(stdout);
  process.kill(pid, "SIGSTOP");
  try {
    await body();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

/** Waits until the process would notice the signals: Linux shows those it catches as bits. */
async function listensForSignals({ process: { pid } }: Running): Promise<void> {
  await eventually(() => {
    const caught = fs.readFileSync(`/proc/${pid}/status`, "utf8").match(/^SigCgt:\s*(\w+)/m)![1]!;
    return (BigInt(`0x${caught}`) & 0x4002n) === 0x4002n;
  });
}

/** Deno takes a process that it sent a signal itself for one that the signal ended. */
function interrupt({ process: { pid } }: Running, signal: NodeJS.Signals): void {
  process.kill(pid!, signal);
}

const signals: [NodeJS.Signals, number, string][] = [
  ["SIGINT", 130, "Interrupted"],
  ["SIGTERM", 143, "Terminated"],
];

for (const [signal, code, wanted] of signals) {
  test(
    `${signal} during the wait for a grant leaves no grant and no file`,
    shared.use((sandbox) =>
      withoutProgress(sandbox, async () => {
        const before = await listGrants(sandbox);
        const waiting = sandbox.start(issue);
        let said = "";
        waiting.process.stderr!.on("data", (text) => said += text);
        await eventually(() => /^Waiting for access grant /m.test(said), () => said);
        assert.equal((await listGrants(sandbox)).length, before.length + 1);
        interrupt(waiting, signal);
        const awaited = 'access grant "west-[WILDCARD]" to be ready: Pending (no [WILDCARD])';
        assertRefused(await waiting.ended, code, `error: ${wanted} while waiting for ${awaited}`);
        assert.deepEqual(await listGrants(sandbox), before);
        assert.ok(!fs.existsSync(`${sandbox.folder}/t.yaml`));
      })
    ),
  );

  test(
    `${signal} ends a wait for standard input`,
    shared.use(async (sandbox) => {
      const fifo = `${sandbox.folder}/tmp/${signal}`;
      await sandbox.run("mkfifo", [fifo]);
      // opened for reading and writing, a pipe has no end
      const line = `exec hawser token redeem - -n east <> ${fifo}`;
      const waiting = sandbox.launch("sh", ["-c", line]);
      await listensForSignals(waiting);
      interrupt(waiting, signal);
      assertRefused(await waiting.ended, code, `error: ${wanted}`);
    }),
  );

  test(
    `${signal} during a redemption stores nothing, and the next try is the same redemption`,
    shared.use(async (sandbox) => {
      const csrs: string[] = [];
      const server = await startStandInServer((request) => {
        csrs.push(String(request.headers["csr"]));
      });
      sandbox.write("slow.yaml", standInToken(server));
      for (const attempt of [1, 2]) {
        const waiting = sandbox.start(["token", "redeem", "slow.yaml", "-n", "east"]);
        await eventually(() => csrs.length === attempt);
        interrupt(waiting, signal);
        const awaited = `the grant service at ${server.url}/[WILDCARD]`;
        assertRefused(await waiting.ended, code, `error: ${wanted} while waiting for ${awaited}`);
      }
      await server.close();
      const [first, second] = csrs.map((csr) => readRequest(Buffer.from(csr, "base64")));
      assert.equal((await first)!.keyHash, (await second)!.keyHash);
      assert.deepEqual(redemptionFiles(sandbox, "east").filter((file) => !/\.key$/.test(file)), []);
    }),
  );
}

test(
  "a timed-out wait keeps its grant, and what is hinted at goes on with it",
  shared.use(async (sandbox) => {
    const limits = ["--redemptions-allowed", "2", "--link-cost", "3", "--timeout", "3s"];
    let hint = "";
    await withoutProgress(sandbox, async () => {
      const outcome = await sandbox.hawser([...issue, ...limits]);
      assertRefused(
        outcome,
        124,
        'error: Timed out after 3s waiting for access grant "west-[WILDCARD]" to be ready: Pending (no controller has taken it up)',
        "hint: To go on from here: hawser token issue t.yaml --grant west-[WILDCARD] --link-cost 3 -n west",
      );
      hint = outcome.stderr.match(/from here: (.*)$/m)![1]!;
      assert.equal((await listGrants(sandbox)).length, 1);
    });
    const { code, stdout, stderr } = await sandbox.run("sh", ["-c", hint]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^The token expires after 2 uses or after /m);
    assert.equal((await listGrants(sandbox)).length, 1);
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
    const { stdout: links } = await sandbox.succeed(["link", "status", "-n", "east"]);
    assert.match(links, /^west-\w{5} {2}Pending {2}3 /m);
  }),
);

test(
  "a controller that does not end is told, with the time that was given to it",
  shared.use((sandbox) =>
    withoutProgress(sandbox, async () => {
      const outcome = await sandbox.hawser(["controller", "stop", "--timeout", "300ms"]);
      assertRefused(outcome, 124, "error: Timed out after 300ms[WILDCARD]");
    })
  ),
);

test("what was printed and left behind holds no secret", shared.end);
