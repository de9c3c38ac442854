import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import { parseToken } from "../../../src/token/token_file.ts";
import { postToken } from "../stage/grant_client.ts";
import { inSandbox } from "../stage/harness.ts";
import { issueToken, linkAccess, prepareSites } from "../stage/sites.ts";

const page = new URL("../../../docs/operate.md", import.meta.url);

test(
  "the commands of docs/operate.md do what they are there for",
  inSandbox(async (sandbox) => {
    const commands = fs.readFileSync(page, "utf8").split("\n")
      .filter((line) => line.startsWith("    hawser "))
      .map((line) => line.trim().split(" ").slice(1));
    const seen: string[] = [];
    await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
    for (const args of commands) {
      const words = args.slice(0, 2).join(" ");
      seen.push(words);
      // what stands in the way on a machine of tests is the doctor's to say
      if (words === "doctor") assert.match((await sandbox.hawser(args)).stdout, /controller/);
      else await sandbox.succeed(args);
      if (words === "controller start") await issueToken(sandbox, "t.yaml");
    }
    assert.deepEqual(seen, [
      ...["controller start", "controller status", "audit show", "audit verify", "doctor"],
      ...["controller restart", "controller stop", "site delete"],
    ]);
  }),
);

test(
  "a detached controller puts its log aside while it runs, and serves and records on",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
    const log = `${sandbox.dataHome}/hawser/.controller/controller.log`;
    const before = fs.readFileSync(log, "utf8");
    fs.appendFileSync(log, "x".repeat(10 * 1024 * 1024));
    const token = parseToken(sandbox.read("t.yaml"), "t.yaml");
    // a spent token's refusals are logged at any rate; names make their lines long
    let refused = 0;
    const refuse = async () => {
      const name = `${++refused}-${"a".repeat(60)}.${"b".repeat(63)}.${"c".repeat(63)}`;
      assert.equal((await postToken(token, { name, subject: "s" })).status, 404);
    };
    while (!fs.existsSync(`${log}.1`)) {
      assert.ok(refused < 2000, "it was not put aside");
      await Promise.all(Array.from({ length: 8 }, refuse));
    }
    assert.ok(fs.readFileSync(`${log}.1`, "utf8").startsWith(before));
    assert.equal(fs.statSync(`${log}.1`).mode & 0o777, 0o600);
    const last = await issueToken(sandbox, "u.yaml");
    assert.match(fs.readFileSync(log, "utf8"), new RegExp(`"issued".*"${last}"`));
    const { stdout } = await sandbox.succeed(["audit", "verify"]);
    assert.match(stdout, new RegExp(`^Records: +${refused + 3}, unchanged$`, "m"));
  }),
);
