import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import { inSandbox } from "../stage/harness.ts";
import { issueToken, linkAccess } from "../stage/sites.ts";

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
