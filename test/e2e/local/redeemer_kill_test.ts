import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { inSandbox } from "../stage/harness.ts";
import { issueToken, prepareSites, redemptionFiles } from "../stage/sites.ts";

const hasStrace = spawnSync("strace", ["-V"]).status === 0;

/** What a redeemer does that lasts, and what it does on the network. */
const calls = [
  "connect",
  ...["link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat"],
  ...["fsync", "fdatasync"],
].join(",");

test(
  "killed before any of its lasting steps, a redeemer goes on with the same redemption (needs strace)",
  { skip: !hasStrace },
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    const executable = path.join(sandbox.folder, "bin/hawser");
    let kills = 0;
    for (let step = 1;; step++) {
      await issueToken(sandbox, "t.yaml"); // of one use
      const redeem = ["token", "redeem", "t.yaml", "-n", "east"];
      const trace = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${calls}`];
      const kill = ["-e", `inject=${calls}:signal=KILL:when=${step}`];
      const first = await sandbox.run("strace", [...trace, ...kill, executable, ...redeem]);
      const again = await sandbox.hawser(redeem);
      // what was stored whole before the kill is told as redeemed already
      assert.ok([0, 7].includes(again.code!), `step ${step}: ${again.stderr}`);
      const files = redemptionFiles(sandbox, "east").filter((file) => !file.endsWith(".key"));
      assert.equal(files.length, 2 * step, `step ${step}: ${files}`);
      if (first.code === 0) break;
      kills++;
    }
    assert.ok(kills >= 3, `${kills} kills`);
  }),
);

/** The calls of a trace that succeeded, in the order in which they ended. */
function callsOf(trace: string): string[] {
  const begun = new Map<string, string>();
  const calls: string[] = [];
  for (const line of trace.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const [, start] = /^(.*)<unfinished \.\.\.>$/.exec(rest) ?? [];
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest) ?? [];
    if (start !== undefined) begun.set(thread, start);
    const call = end === undefined ? rest : begun.get(thread) + end;
    if (/\) += \d+$/.test(call)) calls.push(call);
  }
  return calls;
}

/** The folders in which names were given that are not on the disk at the end. */
function foldersToSync(trace: string, home: string): string[] {
  const unsynced = new Set<string>();
  for (const call of callsOf(trace)) {
    const synced = /^f(?:data)?sync\(\d+<([^>]*)>/.exec(call)?.[1];
    if (synced !== undefined) unsynced.delete(synced);
    const name = call.match(/"[^"]*"/g)?.at(-1)?.slice(1, -1);
    const isToStay = name?.startsWith(home) && !/\.tmp$|\/\.(locks|authority-\w+)/.test(name);
    if (isToStay) unsynced.add(path.dirname(name!));
  }
  return [...unsynced];
}

test(
  "whatever a redeemer has made has its way to it on the disk before it asks (needs strace)",
  { skip: !hasStrace },
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "t.yaml");
    const home = path.join(sandbox.folder, "new/home");
    const executable = path.join(sandbox.folder, "bin/hawser");
    const record = path.join(sandbox.folder, "trace");
    const traced = "mkdir,mkdirat,link,linkat,rename,renameat,renameat2,fsync,fdatasync,connect";
    const strace = ["-f", "-qq", "-y", "-o", record, "-e", `trace=${traced}`, executable];
    const env = { HAWSER_DATA_HOME: home };
    let trace = "";
    for (const args of [["site", "create", "far"], ["token", "redeem", "t.yaml"]]) {
      const outcome = await sandbox.run("strace", [...strace, ...args, "-n", "far"], { env });
      assert.equal(outcome.code, 0, outcome.stderr);
      trace += fs.readFileSync(record, "utf8").split(/connect\([^\n]*sin/)[0];
    }
    assert.match(trace, /mkdir.*\/pending"/);
    assert.deepEqual(foldersToSync(trace, home), []);
  }),
);

test(
  "the key that a killed redeemer left is on the disk before it is asked with (needs strace)",
  { skip: !hasStrace },
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "t.yaml");
    const executable = path.join(sandbox.folder, "bin/hawser");
    const redeem = [executable, "token", "redeem", "t.yaml", "-n", "east"];
    const trace = ["-f", "-qq", "-y", "-s", "0", "-e", "trace=connect,fsync,fdatasync", "-o"];
    const kill = ["-e", "inject=connect:signal=KILL:when=1"];
    await sandbox.run("strace", [...trace, "/dev/null", ...kill, ...redeem]);
    assert.equal(redemptionFiles(sandbox, "east").filter((file) => /key$/.test(file)).length, 1);
    const record = path.join(sandbox.folder, "trace");
    assert.equal((await sandbox.run("strace", [...trace, record, ...redeem])).code, 0);
    const [before = ""] = fs.readFileSync(record, "utf8").split("connect(");
    assert.match(before, /sync\(\d+<[^>]*\/pending\/[0-9a-f]{64}\.key>/);
    assert.match(before, /sync\(\d+<[^>]*\/pending>/);
  }),
);
