import assert from "node:assert/strict";
import { test } from "node:test";
import configuration from "../../../deno.json" with { type: "json" };
import { assertGolden } from "../stage/golden.ts";
import { inSandbox } from "../stage/harness.ts";

test(
  "version and --version print the version of deno.json",
  inSandbox(async (sandbox) => {
    assert.match((await sandbox.succeed(["version"])).stdout, versionText);
    assert.equal((await sandbox.succeed(["--version"])).stdout, `${configuration.version}\n`);
  }),
);

const versionText = new RegExp(`\\b${configuration.version.replaceAll(".", "\\.")}\\b`);

test(
  "help lists the commands, and comes out the same for --help, -h and a bare call",
  inSandbox(async (sandbox) => {
    const help = await sandbox.succeed(["--help"]);
    assertGolden("help", help);
    for (const args of [["-h"], ["help"], []]) {
      assert.deepEqual(await sandbox.hawser(args), help);
    }
  }),
);

test(
  "help names the program as it was called",
  inSandbox(async (sandbox) => {
    const { stdout } = await sandbox.succeed(["token", "--help"], { calledAs: "skupper" });
    assert.match(stdout, /^Usage: skupper token/);
  }),
);

test(
  "an unknown command is refused with a suggestion",
  inSandbox(async (sandbox) => {
    assertGolden("unknown_command", await sandbox.hawser(["tokn", "issue", "x.yaml"]));
  }),
);

test(
  "an unknown option is refused with a suggestion",
  inSandbox(async (sandbox) => {
    assertGolden(
      "unknown_option",
      await sandbox.hawser(["token", "issue", "x.yaml", "--redemption-allowed", "3"]),
    );
  }),
);

test(
  "a usage error is one JSON object on stderr with -o json",
  inSandbox(async (sandbox) => {
    const { code, stdout, stderr } = await sandbox.hawser(["tokn", "-o", "json"]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.equal(JSON.parse(stderr).error.code, "usage");
  }),
);

test(
  "the settings of a hostile working folder are not obeyed",
  inSandbox(async (sandbox) => {
    sandbox.write("hostile/evil.ts", 'console.log("EVIL"); process.exit(0);');
    sandbox.write("hostile/bunfig.toml", 'preload = ["./evil.ts"]\n');
    sandbox.write("hostile/.env", "SKUPPER_PLATFORM=nowhere\nHAWSER_DATA_HOME=/nowhere\n");
    sandbox.write("hostile/package.json", '{"type":"commonjs"}');
    const cwd = `${sandbox.folder}/hostile`;
    const env = { SKUPPER_PLATFORM: undefined, HAWSER_DATA_HOME: undefined };
    const usual = await sandbox.hawser(["version"], { env });
    assert.deepEqual(await sandbox.hawser(["version"], { env, cwd }), usual);
  }),
);

test(
  "an ordinary user can run it",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["version"]);
  }, { ordinaryUser: true }),
);
