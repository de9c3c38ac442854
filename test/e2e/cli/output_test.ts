import assert from "node:assert/strict";
import { test } from "node:test";
import { readResources } from "../../../src/resources/yaml.ts";
import { inSandbox, shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, linkAccess, prepareSites } from "../stage/sites.ts";

const shared = shareSandbox(async (sandbox) => {
  await prepareSites(sandbox, "east");
  await issueToken(sandbox, "redeemed.yaml");
  await sandbox.succeed(["token", "redeem", "redeemed.yaml", "-n", "east"]);
  await issueToken(sandbox, "open.yaml");
});

/** Commands with a result, and what its JSON must hold. */
const results: [string, (data: unknown) => unknown][] = [
  ["version", (data) => at(data, "components.cli.version")],
  ["controller status", (data) => at(data, "grantUrl")],
  ["site status -n west", (data) => at(data, "status.endpoints.1.port")],
  ["site generate north --enable-link-access", (data) => at(data, "spec.linkAccess")],
  ["site update --link-host 127.0.0.1 -n west", (data) => at(data, "metadata.name")],
  ["token inspect open.yaml", (data) => at(data, "caFingerprint")],
  ["link status -n east", (data) => at(data, "0.spec.endpoints.0.host")],
  ["grant list -n west", (data) => at(data, "0.expirationTime")],
];

function at(data: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (value, key) => (value as Record<string, unknown>)[key],
    data,
  );
}

for (const [line, part] of results) {
  test(
    `hawser ${line} prints the same as JSON and as YAML`,
    shared.use(async (sandbox) => {
      const json = await sandbox.succeed([...line.split(" "), "-o", "json"]);
      const data = JSON.parse(json.stdout);
      assert.ok(part(data), json.stdout);
      const yaml = await sandbox.succeed([...line.split(" "), "-o", "yaml"]);
      assert.deepEqual(readYaml(yaml.stdout), data);
      assert.equal(json.stderr + yaml.stderr, "");
      for (const { stdout } of [json, yaml]) assert.match(stdout, /[^\n]\n$/);
    }),
  );
}

/** A YAML document of any kind, by way of one that holds it. */
function readYaml(text: string): unknown {
  const held = text.split("\n").map((line) => `  ${line}\n`).join("");
  return readResources(`held:\n${held}`, "stdout")[0]!["held"];
}

/** Commands that do something, in an order in which they can, and the parts of their result. */
const actions: [string, string[]][] = [
  ["controller start", ["running", "home", "pid", "version", "startedAt", "grantUrl"]],
  ["site create west -n west --enable-link-access --link-host 127.0.0.1", ["metadata"]],
  ["site create south -n south", ["metadata", "waitedFor", "platform"]],
  ["token issue t.yaml -n west", [
    ...[
      "grant",
      "site",
      "redemptionsAllowed",
      "usesLeft",
      "expirationTime",
      "windowMs",
      "reused",
      "file",
    ],
  ]],
  ["token redeem t.yaml -n south", ["token", "site", "secret", "links", "file", "active"]],
  ["link delete LINK -n south", ["deleted"]],
  ["grant revoke LINK -n west", ["revoked"]],
  ["site delete -n south", ["deleted"]],
  ["controller stop", ["stopped"]],
];

for (const format of ["json", "yaml"]) {
  test(
    `with -o ${format} what is done comes as data on stdout, and nothing on stderr`,
    inSandbox(async (sandbox) => {
      let link = "";
      for (const [line, keys] of actions) {
        const args = [...line.replace("LINK", link).split(" "), "-o", format];
        const { stdout, stderr } = await sandbox.succeed(args);
        const data = (format === "json" ? JSON.parse(stdout) : readYaml(stdout)) as Record<
          string,
          unknown
        >;
        for (const key of keys) assert.ok(key in data, `${line}: no ${key} in ${stdout}`);
        assert.equal(stderr, "", line);
        link = typeof data["grant"] === "string" ? data["grant"] : link;
      }
    }),
  );
}

/** Failures, and the code that stands for each in the error object. */
const failures: [string, number, string, boolean][] = [
  ["token redeem missing.yaml -n east", 6, "file-not-found", false],
  ["token redeem redeemed.yaml -n east", 7, "already-redeemed", false],
  ["token redeem redeemed.yaml -n nowhere", 5, "token-used-up", false],
  ["token issue tmp -n west", 1, "not-writable", false],
  ["token issue t.yaml -n east", 3, "link-access-disabled", false],
  ["token issue t.yaml -n nowhere", 3, "site-missing", false],
  ["site create west -n west", 7, "site-exists", false],
  ["link status no -n east", 6, "resource-not-found", false],
  ["site status --timeout never", 2, "invalid-value", false],
  ["controller start", 7, "controller-running", false],
];

for (const [line, code, name, retryable] of failures) {
  test(
    `hawser ${line} fails with one object on stderr`,
    shared.use(async (sandbox) => {
      for (const format of ["json", "yaml"]) {
        const outcome = await sandbox.hawser([...line.split(" "), "-o", format]);
        assert.equal(outcome.code, code, outcome.stderr);
        assert.equal(outcome.stdout, "");
        assert.match(outcome.stderr, /^[^\n]+\n$/);
        const { error } = JSON.parse(outcome.stderr);
        assert.equal(error.code, name);
        assert.equal(error.retryable, retryable);
        const text = await sandbox.hawser(line.split(" "));
        assert.match(text.stderr, new RegExp(`^error: ${escape(error.message)}$`, "m"));
        if (error.hint) assert.match(text.stderr, new RegExp(`^hint: ${escape(error.hint)}$`, "m"));
      }
    }),
  );
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

test(
  "link check prints its findings beside the error object",
  shared.use(async (sandbox) => {
    const { code, stdout, stderr } = await sandbox.hawser(
      ["link", "check", "-n", "east", "-o", "json"],
    );
    assert.equal(code, 8);
    const [{ endpoints }] = JSON.parse(stdout);
    assert.deepEqual(endpoints.map(({ ok }: { ok: boolean }) => ok), [false, false]);
    assert.equal(JSON.parse(stderr).error.code, "link-unreachable");
  }),
);

test(
  "a timeout has the command that goes on in its object",
  shared.use(async (sandbox) => {
    const redeem = ["token", "redeem", "open.yaml", "-n", "east", "-o", "json"];
    const { code, stderr } = await sandbox.hawser([
      ...redeem,
      "--wait",
      "ready",
      "--timeout",
      "5s",
    ]);
    assert.equal(code, 124, stderr);
    const { error } = JSON.parse(stderr);
    assert.match(error.message, /^Timed out after 5s waiting for link "west-\w{5}" to be active: /);
    assert.match(error.resume, /^hawser link status west-\w{5} -n east$/);
    assert.equal(error.retryable, true);
  }),
);

test(
  "--verbose shows the causes of an error, without a secret",
  shared.use(async (sandbox) => {
    await issueToken(sandbox, "far.yaml");
    sandbox.write("far.yaml", sandbox.read("far.yaml").replace(/:\d+\//, ":1/"));
    const redeem = ["token", "redeem", "far.yaml", "-n", "east", "--verbose", "--timeout", "0"];
    const text = await sandbox.hawser(redeem);
    assert.match(text.stderr, /^cause: .*ECONNREFUSED/m);
    const { stderr } = await sandbox.hawser([...redeem, "-o", "json"]);
    assert.match(JSON.parse(stderr).error.causes.join(), /ECONNREFUSED/);
  }),
);

test(
  "called through a symlink, the program speaks of itself by that name",
  shared.use(async (sandbox) => {
    const calledAs = "skupper";
    const { stdout } = await sandbox.succeed(["token", "issue", "--help"], { calledAs });
    assert.match(stdout, /^Usage: skupper token issue /);
    const issued = await sandbox.succeed(["token", "issue", "s.yaml", "-n", "west"], { calledAs });
    assert.match(
      issued.stdout,
      /using the 'skupper token\nredeem' command:\n\n {4}\$ skupper token/,
    );
    assertRefused(
      await sandbox.hawser(["token", "issue", "s.yaml", "-n", "nowhere"], { calledAs }),
      3,
      'error: Cannot issue a token: there is no site in namespace "nowhere"',
      "hint: skupper site create nowhere --enable-link-access -n nowhere",
    );
    assertRefused(
      await sandbox.hawser(["tokn"], { calledAs }),
      2,
      'error: This skupper is hawser, which has no command "tokn": it issues and redeems the ' +
        "tokens that link sites",
      "hint: Did you mean token? Skupper's own skupper is needed for that; HAWSER_REAL_SKUPPER=auto " +
        "hands such commands to it. What there is here: skupper --help",
    );
    const script = await sandbox.succeed(["completion", "bash"], { calledAs });
    assert.match(script.stdout, /^complete .* skupper$/m);
  }),
);

test(
  "help exit-codes tells every code and which are worth another try",
  shared.use(async (sandbox) => {
    const { stdout, stderr } = await sandbox.succeed(["help", "exit-codes"]);
    const codes = Array.from(stdout.matchAll(/^(\d+)( +yes)?/gm), ([, code, retry]) => {
      return retry ? `${code} retry` : code;
    });
    assert.deepEqual(codes, [
      ...["0", "1", "2", "3", "4", "5", "6", "7", "8 retry", "70", "124 retry", "130", "143"],
    ]);
    assert.equal(stderr, "");
  }),
);

test("what was printed and left behind holds no secret", shared.end);

test(
  "the platform named with -p is part of what is hinted at, and works when pasted",
  inSandbox(async (sandbox) => {
    const env = { SKUPPER_PLATFORM: undefined };
    const create = ["site", "create", "west", "-p", "linux", "-n", "west", ...linkAccess];
    const { stderr } = await sandbox.succeed(create, { env });
    const hint = stderr.match(/^hint: .*: (hawser .*)$/m)![1]!;
    assert.equal(hint, "hawser controller start -p linux");
    const pasted = await sandbox.run("sh", ["-c", hint], { env });
    assert.equal(pasted.code, 0, pasted.stderr);
  }),
);
