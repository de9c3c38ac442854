import assert from "node:assert/strict";
import { test } from "node:test";
import { hashFolder } from "../../fakes/folder_hash.ts";
import { type Sandbox, shareSandbox } from "../stage/harness.ts";
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
    assert.deepEqual(problemsOf(founded), ["problem router: none runs, so links carry nothing"]);
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
    assert.deepEqual(problemsOf(west), [
      "problem link access: remote sites can't reach this one at 127.0.0.1: every machine calls itself that",
      "problem router: none runs, so links carry nothing",
    ]);
    assert.ok(west.lines.some((line) => /^ok grant service: answers at 127\.0\.0\.1:/.test(line)));
    const east = await examine(sandbox, "-n", "east");
    assert.ok(
      problemsOf(east).some((line) => line.startsWith(`problem link: "${grant}" is Pending`)),
    );
    assert.ok(east.remedies.includes(`hawser link check ${grant} -n east`));
    assert.equal(hashFolder(`${sandbox.dataHome}/namespaces`), before);
    const { stdout } = await sandbox.hawser(["doctor", "-n", "west"]);
    assert.match(stdout, /^ok {7}platform {6} linux, namespace "west"$/m);
    assert.match(stdout, /^problem {2}router +none runs, so links carry nothing\n +skupper /m);
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
    assert.match(stdout, /^problem {2}proxy +Invalid value "ftp:\/\/p" for HTTPS_PROXY/m);
  }),
);

test("what was printed and left behind holds no secret", shared.end);
