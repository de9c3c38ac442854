import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { type Sandbox, shareSandbox } from "../stage/harness.ts";
import { findQuietPort } from "../stage/quiet_port.ts";

const shared = shareSandbox(async (sandbox) => {
  await sandbox.startController(["--grant-port", await findQuietPort()]);
  const link = ["--enable-link-access", "--link-host", "127.0.0.1"];
  await sandbox.succeed(["site", "create", "west", "-n", "west", ...link]);
  await sandbox.succeed(["site", "create", "east", "-n", "east"]);
});
const hasAge = spawnSync("age", ["--version"]).status === 0;
const needsAge = { skip: !hasAge };
const needsSsh = { skip: !hasAge || spawnSync("ssh-keygen", ["-?"]).error !== undefined };

/** Makes a key and returns its recipient. */
async function makeKey(sandbox: Sandbox, file: string): Promise<string> {
  const { stdout } = await sandbox.succeed(["key", "new", file]);
  assert.match(stdout, /^age1[a-z0-9]{58}\n$/);
  assert.equal(fs.statSync(path.join(sandbox.folder, file)).mode & 0o777, 0o600);
  return stdout.trim();
}

test(
  "a sealed token says nothing, is opened by each key it is sealed to, and by no other",
  shared.use(async (sandbox) => {
    const [one, two] = [await makeKey(sandbox, "one.key"), await makeKey(sandbox, "two.key")];
    await makeKey(sandbox, "other.key");
    const again = await sandbox.hawser(["key", "new", "one.key"]);
    assert.equal(again.code, 1, again.stderr);
    const issue = ["token", "issue", "t.age", "-n", "west", "--seal-to", one, "--seal-to", two];
    await sandbox.succeed(issue);
    assert.match(sandbox.read("t.age"), /^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    for (const key of ["one.key", "two.key"]) {
      const inspect = ["token", "inspect", "t.age", "--identity", key];
      for (const [mode, warnings] of [[0o600, 0], [0o640, 0], [0o644, 1]] as const) {
        fs.chmodSync(`${sandbox.folder}/${key}`, mode);
        const { stdout, stderr } = await sandbox.succeed(inspect);
        assert.match(stdout, /^Grant service: +https:/m);
        const warning = `warning: Every user of this machine can read the key in ${key} ` +
          `(mode 0644): chmod o= ${key}\n`;
        assert.equal(stderr.split(warning).length - 1, warnings, stderr);
      }
    }
    const refusals: [string[], number, RegExp][] = [
      [[], 2, /The token in t\.age is sealed\nhint: .*--identity <file>/],
      [["--identity", "other.key"], 4, /is sealed to other keys than those of other\.key/],
      [["--identity", "t.age"], 2, /Cannot read a key from t\.age/],
      [["--identity", "none"], 6, /none/],
    ];
    for (const [args, code, said] of refusals) {
      const outcome = await sandbox.hawser(["token", "redeem", "t.age", "-n", "east", ...args]);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.match(outcome.stderr, said);
    }
    const damaged = sandbox.read("t.age").replace(/\n[^\n]{10}/, "\nAAAAAAAAAA");
    sandbox.write("damaged.age", damaged);
    const args = ["token", "redeem", "damaged.age", "-n", "east", "--identity", "one.key"];
    const outcome = await sandbox.hawser(args);
    assert.equal(outcome.code, 2, outcome.stderr);
    assert.match(outcome.stderr, /sealed, and damaged/);
    await sandbox.succeed(["token", "redeem", "t.age", "-n", "east", "--identity", "two.key"]);
    // sealed again over what was sealed, as over any token file
    await sandbox.succeed(issue);
  }),
);

test(
  "age opens what is sealed here, and what age seals is redeemed (needs age)",
  needsAge,
  shared.use(async (sandbox) => {
    const recipient = await makeKey(sandbox, "age.key");
    const script = `hawser token issue - -n west --seal-to ${recipient} > s.age
      age --decrypt -i age.key s.age | age --encrypt -r ${recipient} > binary.age
      hawser token redeem - -n east --identity age.key < binary.age`;
    const { code, stderr } = await sandbox.run("bash", ["-euo", "pipefail", "-c", script]);
    assert.equal(code, 0, stderr);
  }),
);

const sshKinds = {
  ed25519: ["-t", "ed25519"],
  rsa: ["-t", "rsa"],
  pem: ["-t", "rsa", "-m", "PEM"],
};

for (const [kind, options] of Object.entries(sshKinds)) {
  test(
    `a key of SSH (${kind}) opens what is sealed to it, here and by age (needs age, ssh-keygen)`,
    needsSsh,
    shared.use(async (sandbox) => {
      const script = `ssh-keygen -q -N "" -C "me at home" -f ${kind} ${options.join(" ")}
        hawser token issue ${kind}.age -n west -r 2 --seal-to "$(cat ${kind}.pub)"
        age --decrypt -i ${kind} ${kind}.age | age --encrypt -R ${kind}.pub > by-age.age
        hawser token redeem by-age.age -n east --identity ${kind}
        hawser token inspect ${kind}.age --identity ${kind}
        rm ${kind} by-age.age`;
      const { code, stdout, stderr } = await sandbox.run("bash", [
        "-euo",
        "pipefail",
        "-c",
        script,
      ]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^Grant service: +https:/m);
    }),
  );
}

test(
  "a key of SSH with a passphrase is left to age (needs ssh-keygen)",
  needsSsh,
  shared.use(async (sandbox) => {
    const script = `ssh-keygen -q -N "a passphrase" -t ed25519 -f locked
      hawser token issue locked.age -n west --seal-to "$(cat locked.pub)"
      hawser token redeem locked.age -n east --identity locked`;
    const { code, stderr } = await sandbox.run("bash", ["-euo", "pipefail", "-c", script]);
    assert.equal(code, 2, stderr);
    assert.match(
      stderr,
      /^error: A passphrase protects the key in locked, and none is asked for$/m,
    );
    assert.match(stderr, /^hint: .*age --decrypt -i locked <token> \| hawser token redeem -$/m);
  }),
);

test(
  "what is no recipient is refused before a token is issued",
  shared.use(async (sandbox) => {
    for (const to of ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "ssh-dss AAAA", "age1xyz"]) {
      const outcome = await sandbox.hawser(["token", "issue", "x", "-n", "west", "--seal-to", to]);
      assert.equal(outcome.code, 2, outcome.stderr);
      assert.match(
        outcome.stderr,
        /for --seal-to: it must be a recipient of age.* or a public key/,
      );
    }
    assert.ok(!fs.existsSync(path.join(sandbox.folder, "x")));
  }),
);

test("nothing of a token is left in a log or a file", shared.end);
