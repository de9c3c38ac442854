import assert from "node:assert/strict";
import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import process from "node:process";
import { hashFolder } from "../../fakes/folder_hash.ts";
import { inSandbox, isRoot, type Sandbox, shareSandbox } from "../stage/harness.ts";
import { betweenRouters } from "../stage/routed_sites.ts";
import { issueToken } from "../stage/sites.ts";

const shared = shareSandbox(() => Promise.resolve());

/** What doctor finds, as `state check: detail`, and the remedies. */
async function examine(sandbox: Sandbox, ...args: string[]) {
  const { code, stdout, stderr } = await sandbox.hawser(["doctor", "-o", "json", ...args]);
  const { findings, problems } = JSON.parse(stdout);
  const lines = findings.map(
    ({ state, check, detail }: Record<string, string>) => `${state} ${check}: ${detail}`,
  ) as string[];
  const remedies = findings.flatMap(({ remedy = [] }) => remedy) as string[];
  return { code, stderr, problems: problems as number, lines, remedies };
}

function problemsOf({ lines }: { lines: string[] }): string[] {
  return lines.filter((line) => line.startsWith("problem "));
}

test(
  "doctor names what is missing, and its remedies mend it",
  shared.use(async (sandbox) => {
    const bare = await examine(sandbox, "-n", "west");
    assert.equal(bare.code, 3);
    assert.equal(bare.problems, 2);
    assert.match(bare.stderr, /"message":"2 problems stand in the way"/);
    assert.deepEqual(problemsOf(bare), [
      "problem controller: none runs, so nothing is granted or redeemed",
      'problem site: there is none in namespace "west"',
    ]);
    for (const remedy of bare.remedies) {
      const { code, stderr } = await sandbox.run("sh", ["-c", remedy]);
      assert.equal(code, 0, `${remedy}: ${stderr}`);
    }
    const founded = await examine(sandbox, "-n", "west");
    assert.equal(problemsOf(founded).length, 1);
    assert.match(problemsOf(founded)[0]!, /^problem router: none runs, so links carry nothing/);
    assert.ok(founded.lines.some((line) => line.startsWith("note link access: is not enabled")));
  }),
);

test(
  "doctor tells of a host that only this machine knows, of tokens and links, and changes nothing",
  shared.use(async (sandbox) => {
    const site = ["site", "update", "--enable-link-access", "--link-host", "127.0.0.1"];
    await sandbox.succeed([...site, "-n", "west"]);
    const grant = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["site", "create", "east", "-n", "east"]);
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
    const before = hashFolder(`${sandbox.dataHome}/namespaces`);
    const west = await examine(sandbox, "-n", "west");
    const [access, router, ...more] = problemsOf(west);
    assert.deepEqual(more, []);
    assert.match(
      access!,
      / can't reach this one at 127\.0\.0\.1: every machine calls itself that$/,
    );
    assert.match(router!, /^problem router: none runs, so links carry nothing/);
    assert.ok(west.lines.some((line) => /^ok grant service: answers at 127\.0\.0\.1:/.test(line)));
    const east = await examine(sandbox, "-n", "east");
    assert.ok(
      problemsOf(east).some((line) => line.startsWith(`problem link: "${grant}" is Pending`)),
    );
    assert.ok(east.remedies.includes(`hawser link check ${grant} -n east`));
    assert.equal(hashFolder(`${sandbox.dataHome}/namespaces`), before);
    const { stdout } = await sandbox.hawser(["doctor", "-n", "west"]);
    assert.match(stdout, /^ok {7}platform {6} linux, namespace "west"$/m);
    assert.match(stdout, /^problem {2}router +none runs, so links carry nothing.*\n +skupper /m);
  }),
);

test(
  "doctor tells of a cluster that there is not, and of a wrong proxy",
  shared.use(async (sandbox) => {
    const env = { SKUPPER_PLATFORM: "kubernetes", KUBECONFIG: "/none", HTTPS_PROXY: "ftp://p" };
    const { code, stdout } = await sandbox.hawser(["doctor"], { env });
    assert.equal(code, 3);
    assert.match(
      stdout,
      /^problem {2}cluster +Cannot find a Kubernetes cluster: there is no \/none$/m,
    );
    assert.equal(stdout.match(/there is no \/none/g)?.length, 1);
    assert.match(stdout, /^problem {2}proxy +Invalid value "ftp:\/\/p" for HTTPS_PROXY/m);
  }),
);

test(
  "doctor tells what it found though the controller hangs, and of a field that has no effect",
  shared.use(async (sandbox) => {
    const grant = "apiVersion: skupper.io/v2alpha1\nkind: AccessGrant\nmetadata: {name: odd}\n" +
      "spec: {redemptionAllowed: 3}\n";
    sandbox.write("data/namespaces/west/input/resources/odd.yaml", grant);
    const seen = await examine(sandbox, "-n", "west");
    const files = problemsOf(seen).filter((line) => line.startsWith("problem file: "));
    assert.equal(files.length, 1, files.join("\n"));
    assert.match(files[0]!, /odd\.yaml, line 4: spec\.redemptionAllowed has no effect/);
    const status = await sandbox.succeed(["controller", "status", "-o", "json"]);
    const { pid } = JSON.parse(status.stdout);
    process.kill(pid, "SIGSTOP");
    try {
      const hung = await examine(sandbox, "-n", "west", "--timeout", "4s");
      assert.equal(hung.code, 3);
      assert.equal(hung.lines[0], 'ok platform: linux, namespace "west"');
      assert.ok(problemsOf(hung).some((line) => line.startsWith("problem controller: ")));
      assert.ok(!hung.lines.some((line) => line.startsWith("ok grant service")));
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }),
);

test(
  "doctor tells of a kept port that another program has taken",
  shared.use(async (sandbox) => {
    const { stdout } = await sandbox.succeed(["controller", "status", "-o", "json"]);
    const port = Number(new URL(JSON.parse(stdout).grantUrl).port);
    await sandbox.succeed(["controller", "stop"]);
    const ended = await examine(sandbox, "-n", "west");
    assert.ok(!ended.lines.some((line) => line.startsWith("problem port")));
    const other = createServer().listen(port);
    await once(other, "listening");
    try {
      const taken = await examine(sandbox, "-n", "west");
      const line = `problem port: another program listens on port ${port}, ` +
        "which tokens issued so far name";
      assert.ok(problemsOf(taken).includes(line), taken.lines.join("\n"));
      const remedy = taken.remedies.find((text) => text.includes("--grant-port"))!;
      assert.match(remedy, / hawser controller start --grant-port <port>$/);
      assert.match((await sandbox.hawser(["controller", "start"])).stderr, /the port is in use/);
      const status = await sandbox.hawser(["controller", "status", "-o", "json"]);
      assert.equal(JSON.parse(status.stdout).takenPort, port);
    } finally {
      other.close();
      await once(other, "close");
    }
    await sandbox.succeed(["controller", "start"]);
  }),
);

/** One of this machine's that others may reach. */
const address = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

test(
  "doctor ends with 0 where nothing is wrong: a site whose router has its link up (needs a network)",
  { skip: address === undefined },
  betweenRouters(async (sandbox) => {
    await sandbox.succeed(["site", "update", "--link-host", address!, "-n", "east"]);
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east", "--wait", "ready"]);
    const { code, problems, lines } = await examine(sandbox, "-n", "east");
    assert.deepEqual(problemsOf({ lines }), []);
    assert.deepEqual([code, problems], [0, 0]);
    assert.ok(lines.some((line) => /^ok router: runs/.test(line)), lines.join("\n"));
    assert.ok(lines.some((line) => /^ok link: ".*" is ready$/.test(line)));
    const { stderr } = await sandbox.succeed(["doctor", "-n", "east"]);
    assert.doesNotMatch(stderr, /^error/m);
  }),
);

test(
  "doctor tells whose a data home is that it can't use, and what helps (needs root)",
  { skip: !isRoot },
  inSandbox(async (sandbox) => {
    const home = sandbox.dataHome;
    fs.mkdirSync(home, { recursive: true });
    for (const [uid, whose] of [[0, "root"], [1, "user 1"]] as const) {
      fs.chownSync(home, uid, 0);
      fs.chmodSync(home, 0o700);
      const { code, lines, remedies } = await examine(sandbox, "-n", "west");
      assert.equal(code, 3);
      assert.ok(
        lines.includes(
          `problem data home: ${home}: permission denied: it is ${whose}'s, and this runs as user 65534`,
        ),
        lines.join("\n"),
      );
      assert.ok(remedies.includes(`As ${whose}, or with another HAWSER_DATA_HOME, it works.`));
      // what is behind can't be looked at
      assert.ok(!lines.some((line) => /^\w+ (site|controller)/.test(line)));
    }
    fs.chownSync(home, 65534, 65534);
    fs.chmodSync(home, 0o777);
    const open = await examine(sandbox, "-n", "west");
    assert.ok(open.lines.includes(`problem data home: ${home} can be written by others`));
    assert.ok(open.remedies.includes(`chmod go-w ${home}`));
    fs.chmodSync(home, 0o700);
  }, { ordinaryUser: true }),
);

test("what was printed and left behind holds no secret", shared.end);
