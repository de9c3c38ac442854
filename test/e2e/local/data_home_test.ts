import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bunHere } from "../../../scripts/build.ts";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, isRoot, type Outcome, type Sandbox } from "../stage/harness.ts";
import { findQuietPort } from "../stage/quiet_port.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, linkAccess, listGrants } from "../stage/sites.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const canTrace = isRoot && spawnSync("strace", ["-q", "true"]).status === 0;

test(
  "a data home on a file system without locks is refused, and nothing waits for a lock (needs strace)",
  { skip: !canTrace },
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["site", "create", "west", "-n", "west"]);
    const executable = path.join(sandbox.folder, "bin/hawser");
    // NFS without its lock service answers so
    const trace = ["-f", "-q", "-o", "/dev/null", "-e", "trace=fcntl"];
    const withoutLocks = (args: string[]) =>
      sandbox.run("strace", [...trace, "-e", "inject=fcntl:error=ENOLCK", executable, ...args]);
    const refusals: [string[], string][] = [
      [["controller", "run"], "hawser/.controller"],
      [["controller", "start"], "hawser/.controller"],
      [["site", "update", "-n", "west", ...linkAccess], "hawser/.locks"],
    ];
    for (const [args, folder] of refusals) {
      const where = path.join(sandbox.dataHome, folder);
      assertRefused(
        await withoutLocks(args),
        3,
        `error: Cannot use the data home ${where}: its file system has no locks`,
        "hint: [WILDCARD]",
      );
      assert.deepEqual(fs.readdirSync(where).filter((name) => name.endsWith(".tmp")), []);
    }
    const status = await withoutLocks(["site", "status", "-n", "west"]);
    assert.equal(status.code, 0, "reading takes no lock");
  }),
);

test(
  "two versions of the program share a data home",
  inSandbox(async (sandbox) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-version-"));
    try {
      await shareDataHome(sandbox, otherVersion(sandbox, folder));
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }),
);

async function shareDataHome(
  sandbox: Sandbox,
  other: (args: string[]) => Promise<Outcome>,
): Promise<void> {
  const succeed = async (args: string[]) => {
    const { code, stdout, stderr } = await other(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.match(await succeed(["version"]), /99\.0\.0/);
  await sandbox.succeed(["controller", "start", "--grant-port", await findQuietPort()]);
  await succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
  await sandbox.succeed(["site", "create", "east", "-n", "east"]);
  await succeed(["site", "create", "south", "-n", "south"]);
  await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
  await succeed(["token", "redeem", "t.yaml", "-n", "east"]);
  assertRefused(
    await other(["controller", "run"]),
    7,
    "error: A controller is already running for [WILDCARD]",
    "hint: hawser controller status",
  );

  const restarted = await succeed(["controller", "restart"]);
  assert.match(restarted, /^Version: +99\.0\.0$/m);
  await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "south"]);
  await eventually(async () => (await listGrants(sandbox))[0]!.redemptions === 2);
  const { stdout } = await sandbox.succeed(["controller", "restart"]);
  assert.match(stdout, /^Version: +0\./m);
  const spent = await succeed(["grant", "list", "-n", "west"]);
  assert.match(spent, /2\/2/);
  await succeed(["controller", "stop"]);
}

/** Compiles the program as of another version in that folder; gives what runs it. */
function otherVersion(sandbox: Sandbox, folder: string): (args: string[]) => Promise<Outcome> {
  for (const part of ["main.ts", "src", "platforms"]) {
    fs.cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  }
  fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const config = fs.readFileSync(path.join(root, "deno.json"), "utf8");
  fs.writeFileSync(
    path.join(folder, "deno.json"),
    config.replace(/"version": "[^"]+"/, '"version": "99.0.0"'),
  );
  const build = ["build", "--compile", "--no-install", "main.ts", "--outfile=hawser"];
  const { status, stderr } = spawnSync(bunHere(), build, { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return (args) => sandbox.run(path.join(folder, "hawser"), args);
}
