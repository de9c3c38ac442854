import assert from "node:assert/strict";
import { test } from "node:test";
import { type Sandbox, shareSandbox } from "../stage/harness.ts";
import { issueToken, listGrants, prepareSites, redemptionFiles } from "../stage/sites.ts";

const shared = shareSandbox(async (sandbox) => {
  await prepareSites(sandbox, "east");
  await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
});

/** The steps that were told, and the rest of what there is. */
async function probe(sandbox: Sandbox, file: string, env: Record<string, string> = {}) {
  const args = ["token", "inspect", file, "--probe", "-o", "json"];
  const { code, stdout, stderr } = await sandbox.hawser(args, { env });
  const { steps, usesLeft } = JSON.parse(stdout).probe as {
    steps: { step: string; ok: boolean; detail: string }[];
    usesLeft?: number;
  };
  const told = steps.map(({ step, ok, detail }) => `${ok ? "ok" : "failed"} ${step}: ${detail}`);
  return { code, steps: told, usesLeft, error: stderr && JSON.parse(stderr).error.code };
}

test(
  "token inspect --probe and token redeem --dry-run go all the way and spend nothing",
  shared.use(async (sandbox) => {
    const probed = await probe(sandbox, "t.yaml");
    assert.equal(probed.code, 0);
    assert.equal(probed.usesLeft, 2);
    assert.match(probed.steps[0]!, /^ok connection: port \d+ accepts$/);
    assert.deepEqual(probed.steps.slice(1), [
      "ok tls: the service is the one that the token trusts, by name and authority",
      "ok clock: agrees with the service's",
      "ok grant: it can be redeemed 2 times more",
    ]);
    const before = redemptionFiles(sandbox, "east");
    const dry = await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east", "--dry-run"]);
    assert.match(dry.stdout, /^ok {2}grant +it can be redeemed 2 times more$/m);
    assert.match(
      dry.stdout,
      /^Token "west-\w+" can be redeemed for site "east". Nothing was spent.$/m,
    );
    assert.deepEqual(redemptionFiles(sandbox, "east"), before);
    assert.equal((await listGrants(sandbox))[0]!.redemptions, 0);
  }),
);

test(
  "a step that fails is told, each failure with its own code",
  shared.use(async (sandbox) => {
    const token = sandbox.read("t.yaml");
    const variant = (file: string, from: RegExp, to: string) => {
      assert.match(token, from);
      sandbox.write(file, token.replace(from, to));
      return file;
    };
    const refused = await probe(sandbox, variant("port.yaml", /:\d+\//, ":1/"));
    assert.deepEqual([refused.code, refused.error], [8, "unreachable"]);
    assert.deepEqual(refused.steps, ["failed connection: the connection was refused"]);

    const unknown = await probe(sandbox, variant("name.yaml", /127\.0\.0\.1/, "no.invalid"));
    assert.deepEqual([unknown.code, unknown.error], [8, "unreachable"]);
    assert.match(unknown.steps[0]!, /^failed name: /);

    const misnamed = await probe(sandbox, variant("tls.yaml", /127\.0\.0\.1/, "127.0.0.9"));
    assert.deepEqual([misnamed.code, misnamed.error], [8, "tls-failed"]);
    assert.match(misnamed.steps.at(-1)!, /^failed tls: Cannot trust the server at /);

    const code = /^ {2}code: ["']?(\w+)/m.exec(token)![1]!;
    const wrong = await probe(sandbox, variant("code.yaml", new RegExp(code), "wrongcode"));
    assert.deepEqual([wrong.code, wrong.error], [4, "token-refused"]);

    const proxied = await probe(sandbox, variant("far.yaml", /127\.0\.0\.1/, "192.0.2.1"), {
      HTTPS_PROXY: "http://127.0.0.1:1",
    });
    assert.equal(proxied.code, 8);
    assert.equal(proxied.steps[0], "ok proxy: through 127.0.0.1:1");

    const own = await sandbox.hawser(["token", "redeem", "t.yaml", "-n", "west", "--dry-run"]);
    assert.equal(own.code, 3, own.stderr);
    const both = ["token", "redeem", "t.yaml", "-n", "east", "--dry-run", "--wait", "ready"];
    assert.equal((await sandbox.hawser(both)).code, 2);
  }),
);

test(
  "token issue says which host its token names, warns of one that means nothing elsewhere, and takes another",
  shared.use(async (sandbox) => {
    const hosts = ["--link-host", "127.0.0.1", "--link-host", "127.0.0.2"];
    await sandbox.succeed(["site", "create", "two", "-n", "two", "--enable-link-access", ...hosts]);
    await sandbox.succeed(["site", "update", "-n", "two", ...hosts, "--wait", "ready"]);
    const issue = (...args: string[]) =>
      sandbox.hawser(["token", "issue", "h.yaml", "-n", "two", ...args]);
    const usual = await issue();
    assert.match(usual.stdout, /^Token file h\.yaml created\.$/m);
    assert.match(
      usual.stderr,
      /^hint: Other machines can't redeem it at 127\.0\.0\.1: every machine calls itself that\. .*--host/m,
    );
    const other = await issue("--host", "127.0.0.2", "-o", "json");
    assert.equal(other.code, 0, other.stderr);
    assert.equal(JSON.parse(other.stdout).host, "127.0.0.2");
    await sandbox.succeed(["token", "redeem", "h.yaml", "-n", "east"]);
    const wrong = await issue("--host", "east.example");
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /^error: Invalid value "east\.example" for --host: it must be one of the site's hosts: 127\.0\.0\.1, 127\.0\.0\.2$/m,
    );
  }),
);

test("what was printed and left behind holds no secret", shared.end);
