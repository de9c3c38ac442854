import assert from "node:assert/strict";
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

/** What GitHub's runner takes out of the file of a step, and what it masks in its log. */
function readAsRunner(sandbox: Sandbox, file: string, log: string) {
  const [, name, end, value] = /^(\w+)<<(\w+)\n([\s\S]*)\n\2\n$/.exec(sandbox.read(file)) ?? [];
  const masks = [...log.matchAll(/^::add-mask::(.*)$/gm)]
    .map(([, text]) =>
      text!.replaceAll("%0A", "\n").replaceAll("%0D", "\r").replaceAll("%25", "%")
    );
  const shown = masks.reduce((text, mask) => text.replaceAll(mask, "***"), log);
  return { name, end: end!, value: value!, masks, shown };
}

test(
  "a token goes to GitHub's files masked, and is redeemed from there",
  shared.use(async (sandbox) => {
    const outputs = sandbox.write("github/output", "");
    const env = { GITHUB_ACTIONS: "true", GITHUB_OUTPUT: outputs };
    const issue = ["token", "issue", "-n", "west", "--to", "github-output:link"];
    const { stdout, stderr } = await sandbox.succeed(issue, { env, printsMasks: true });
    const log = stderr + stdout;
    const { name, end, value, masks, shown } = readAsRunner(sandbox, "github/output", log);
    assert.equal(name, "link");
    assert.match(end, /^hawser_[0-9a-f]{32}$/);
    assert.ok(!value.includes("\n"), "a variable is one line");
    const { code } = JSON.parse(value).spec;
    sandbox.secrets.push(code);
    for (const secret of [value, code]) {
      assert.ok(masks.includes(secret));
      assert.ok(masks.includes(btoa(secret)));
      assert.ok(masks.includes(encodeURIComponent(secret)));
    }
    assert.doesNotMatch(shown, new RegExp(code));
    assert.match(shown, /^The token is in github-output:link\.$/m);
    fs.rmSync(outputs);
    await sandbox.succeed(["token", "redeem", "-", "-n", "east"], { stdin: value });
  }),
);

test(
  "variables are set in a file of one line each, others stay, and no other user reads it",
  shared.use(async (sandbox) => {
    const file = sandbox.write("job.env", "KEPT=1\nSKUPPER_TOKEN=before\n", 0o644);
    for (const to of [`gitlab-dotenv:${file}`, `env-file:SECOND=${file}`]) {
      await sandbox.succeed(["token", "issue", "-n", "west", "--to", to]);
    }
    const lines = sandbox.read("job.env").split("\n");
    assert.deepEqual(lines.map((line) => line.split("=")[0]), [
      "KEPT",
      "SKUPPER_TOKEN",
      "SECOND",
      "",
    ]);
    assert.equal(JSON.parse(lines[2]!.slice("SECOND=".length)).kind, "AccessToken");
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    fs.rmSync(file);
  }),
);

test(
  "a descriptor and a file get the token as it is",
  shared.use(async (sandbox) => {
    const shell = "hawser token issue -n west --to fd:7 7>fd.yaml && " +
      "hawser token issue -n west --to file.yaml -o json";
    const { code, stdout, stderr } = await sandbox.run("bash", ["-c", `umask 077; ${shell}`]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"file": "file\.yaml"/);
    for (const file of ["fd.yaml", "file.yaml"]) {
      assert.match(sandbox.read(file), /^kind: AccessToken$/m);
      fs.rmSync(path.join(sandbox.folder, file));
    }
  }),
);

test(
  "what can't take a token is found out before one is issued",
  shared.use(async (sandbox) => {
    const before = await grants(sandbox);
    const cases: [string[], number, RegExp][] = [
      [["--to", "github-env"], 2, /GITHUB_ENV is not set/],
      [["--to", "fd:9"], 1, /Cannot write descriptor 9/],
      [["--to", "env-file:/nowhere/job.env"], 1, /Cannot write \/nowhere\/job\.env/],
      [["--to", "fd:1"], 2, /Invalid value "fd:1" for --to/],
      [["a.yaml", "--to", "b.yaml"], 2, /A file and --to are named/],
      [["--to", "a.yaml", "--to", "b.yaml"], 2, /"b.yaml" for --to: it must be the only one/],
      [[], 2, /Missing required argument "file"/],
    ];
    for (const [args, code, said] of cases) {
      const outcome = await sandbox.hawser(["token", "issue", "-n", "west", ...args]);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.match(outcome.stderr, said);
    }
    assert.deepEqual(await grants(sandbox), before);
  }),
);

test(
  "in a job of GitHub a captured token is masked, and captured without masks",
  shared.use(async (sandbox) => {
    const shell =
      'token=$(hawser token issue -n west --to -) && printf %s "$token" > captured && ' +
      "hawser token issue -n west --to file.yaml && chmod 600 captured";
    const { code, stdout, stderr } = await sandbox.run("bash", ["-c", `umask 077; ${shell}`], {
      env: { GITHUB_ACTIONS: "true" },
      printsMasks: true,
    });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, /add-mask/);
    for (const file of ["captured", "file.yaml"]) {
      assert.match(sandbox.read(file), /^kind: AccessToken$/m);
      const [, secret] = /^ {2}code: (\S+)$/m.exec(sandbox.read(file))!;
      assert.ok(stderr.includes(`::add-mask::${secret}\n`), file);
      fs.rmSync(path.join(sandbox.folder, file));
    }
  }),
);

test(
  "no token is issued where no runner would read the masks",
  shared.use(async (sandbox) => {
    const before = await grants(sandbox);
    for (const end of ["2>said", "2>/dev/null", "2>&-"]) {
      const shell = `hawser token issue -n west --to - >taken ${end}`;
      const env = { GITHUB_ACTIONS: "true" };
      const { code } = await sandbox.run("bash", ["-c", shell], { env });
      assert.equal(code, 2, end);
      assert.equal(sandbox.read("taken"), "");
    }
    assert.match(sandbox.read("said"), /^error: The secret can't be masked in the log: stderr/);
    assert.deepEqual(await grants(sandbox), before);
    for (const file of ["said", "taken"]) fs.rmSync(path.join(sandbox.folder, file));
  }),
);

test(
  "a last line without its end does not run into what is handed over",
  shared.use(async (sandbox) => {
    const file = sandbox.write("github/output", "before=1");
    const env = { GITHUB_OUTPUT: file };
    const issue = ["token", "issue", "-n", "west", "--to", "github-output"];
    await sandbox.succeed(issue, { env, printsMasks: true });
    assert.match(sandbox.read("github/output"), /^before=1\ntoken<<(hawser_\w+)\n\{.*\}\n\1\n$/);
    fs.rmSync(file);
  }),
);

test(
  "a descriptor must be open, for writing, and have a reader",
  shared.use(async (sandbox) => {
    const before = await grants(sandbox);
    const issueTo = (to: string, first = "") =>
      sandbox.run("bash", ["-c", `${first}hawser token issue -n west --to ${to}`]);
    const cases: [string, RegExp][] = [
      // the runtime has opened some of these for itself
      ...[3, 4, 5, 6, 7, 8, 9].map((n): [string, RegExp] => [
        `fd:${n}`,
        new RegExp(`Cannot write descriptor ${n}: `),
      ]),
      ["fd:7 7</dev/null", /descriptor 7: it is open for reading alone/],
    ];
    for (const [to, said] of cases) {
      const { code, stderr } = await issueTo(to);
      assert.equal(code, 1, `${to}: ${stderr}`);
      assert.match(stderr, said);
    }
    const left = await issueTo("fd:7", "exec 7> >(true); wait $!; ");
    assert.equal(left.code, 1, left.stderr);
    assert.match(left.stderr, /Cannot write descriptor 7: /);
    assert.deepEqual(await grants(sandbox), before);
  }),
);

test(
  "a full disk takes the grant back",
  shared.use(async (sandbox) => {
    const before = await grants(sandbox);
    const shell = "hawser token issue -n west --to fd:7 7>/dev/full";
    const { code, stderr } = await sandbox.run("bash", ["-c", shell]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^error: Cannot write descriptor 7: the disk is full$/m);
    assert.deepEqual(await grants(sandbox), before);
  }),
);

test(
  "a job's list of what takes back what it made is a list of commands",
  shared.use(async (sandbox) => {
    const undo = path.join(sandbox.folder, "undo");
    const before = await grants(sandbox);
    const env = { HAWSER_UNDO_FILE: undo };
    await sandbox.succeed(["token", "issue", "t.yaml", "-n", "west"], { env });
    fs.rmSync(path.join(sandbox.folder, "t.yaml"));
    assert.match(sandbox.read("undo"), /^grant revoke west-\w+ -n west -p linux\n$/);
    assert.equal(fs.statSync(undo).mode & 0o777, 0o600);
    const { code, stderr } = await sandbox.run("sh", ["-e", "-c", 'eval "hawser $(cat undo)"']);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await grants(sandbox), before);
  }),
);

test("nothing of a token is left in a log or a file", shared.end);

async function grants(sandbox: Sandbox): Promise<string[]> {
  const { stdout } = await sandbox.succeed(["grant", "list", "-n", "west", "-o", "json"]);
  return JSON.parse(stdout).map(({ name }: { name: string }) => name).sort();
}
