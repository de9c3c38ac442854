import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import { shareAccessStage } from "../stage/access_stage.ts";

const shared = shareAccessStage();
const file = "home/.jfrog/jfrog-cli.conf.v6";
const other = '{"servers":[{"serverId":"other","url":"https://o.example/"}],"version":"6"}';

test(
  "jf says a version that scripts can compare, and what it is",
  shared.use(async ({ sandbox }) => {
    const { stdout } = await sandbox.hawser(["--version"], { calledAs: "jf" });
    assert.match(stdout, /^jf version 2\.\d+\.\d+ \(hawser \d+\.\d+\.\d+\)\n$/);
  }),
);

test(
  "called as jfrog it is jf",
  shared.use(async ({ sandbox, api, admin }) => {
    fs.mkdirSync(`${sandbox.folder}/installed`);
    const link = `${sandbox.folder}/installed/jfrog`;
    fs.symlinkSync(`${import.meta.dirname}/../../../dist/hawser`, link);
    const args = ["atc", `-url=${api.url}`, `-access-token=${admin.value}`];
    const { code, stderr, stdout } = await sandbox.run(link, args, { printsToken: true });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(JSON.parse(stdout).access_token, /^eyJ/);
    const own = await sandbox.run(link, ["rt", "u", "a", "b"]);
    assert.equal(own.code, 1);
    assert.equal(
      own.stderr,
      'error: This jf is hawser, which has no command "rt u": it makes JFrog access tokens, and ' +
        "keeps the servers in jf's file\n" +
        "hint: JFrog's own jf is needed for that; HAWSER_REAL_JF=auto hands such commands to it. " +
        "What there is here: jf --help\n",
    );
  }),
);

test(
  "removing a server that is not there is no failure for jf, nor with --quiet",
  shared.use(async ({ sandbox }) => {
    sandbox.write(file, other);
    const remove = ["c", "rm", "articonfig"];
    const word = 'warning: Server ID "articonfig" does not exist: nothing is left to do\n';
    for (const calledAs of ["jf", undefined] as const) {
      const options = calledAs === undefined ? {} : { calledAs };
      const quiet = await sandbox.hawser([...remove, "--quiet"], options);
      assert.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [0, "", word]);
      const plain = await sandbox.hawser(remove, options);
      assert.equal(plain.code, calledAs === "jf" ? 0 : 6);
    }
    assert.equal(sandbox.read(file), other);
  }),
);

test(
  "config list, ls and delete are show and remove",
  shared.use(async ({ sandbox }) => {
    sandbox.write(file, other);
    const { stdout } = await sandbox.hawser(["config", "show"]);
    for (const words of [["config", "list"], ["c", "ls"]]) {
      assert.equal((await sandbox.hawser(words)).stdout, stdout);
    }
    assert.equal((await sandbox.hawser(["config", "delete", "other", "--quiet"])).code, 0);
    assert.deepEqual(JSON.parse(sandbox.read(file)).servers, []);
  }),
);

test(
  "tokens are made under each of the names that there are for it",
  shared.use(async (stage) => {
    const names = [["rt", "atc"], ["rt", "access-token-create"], ["access-token", "create"]];
    for (const calledAs of ["jf", undefined] as const) {
      for (const words of names) {
        const args = [...words, "bob", "--url", "URL/artifactory", "--access-token-stdin"];
        const { code, stdout } = await stage.call(args, {
          stdin: stage.admin.value,
          ...(calledAs === undefined ? {} : { calledAs }),
        });
        assert.equal(code, 0);
        assert.match(JSON.parse(stdout).access_token, /^eyJ/);
        assert.match(stage.api.calls.at(-1)!.text, /"username":"bob"/);
      }
    }
  }),
);

test(
  "rt atc makes a token for an hour, and takes * for what the user may, as it does in jf",
  shared.use(async (stage) => {
    const rest = '"refreshable":false,"include_reference_token":false,"username":"bob"}';
    const table: [string[], string][] = [
      [[], `{"expires_in":3600,${rest}`],
      [["--groups=*"], `{"expires_in":3600,${rest}`],
      [
        ["--groups=*", "--grant-admin"],
        `{"scope":"applied-permissions/admin","expires_in":3600,${rest}`,
      ],
      [
        ["--groups=a", "--expiry=60"],
        `{"scope":"applied-permissions/groups:a","expires_in":60,${rest}`,
      ],
    ];
    for (const [more, text] of table) {
      const args = ["rt", "atc", "bob", "--url", "URL", "--access-token-stdin", ...more];
      const { code } = await stage.call(args, { stdin: stage.admin.value, calledAs: "jf" });
      assert.equal(code, 0);
      assert.equal(stage.api.calls.at(-1)!.text, text);
    }
  }),
);

test(
  "rt ping says what Artifactory says",
  shared.use(async (stage) => {
    const up = await stage.call(["rt", "ping", "--url", "URL"], { calledAs: "jf" });
    assert.deepEqual([up.code, up.stdout, up.stderr], [0, "OK\n", ""]);
    stage.api.misbehave((_call, response) => void response.writeHead(503).end("starting"));
    const down = await stage.call(["rt", "ping", "--url", "URL"]);
    assert.equal(down.code, 8);
    assert.match(
      down.stderr,
      /^error: .*\/artifactory\/api\/system\/ping answered 503 .*: starting/,
    );
  }),
);

test("what was printed and left behind holds no secret", shared.end);
