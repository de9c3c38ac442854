import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { shareAccessStage } from "../stage/access_stage.ts";

const shared = shareAccessStage();
const asking = ["--url", "URL", "--access-token-stdin"];

/** The variables in a file that GitHub's runner reads. */
function readVariables(text: string): Record<string, string> {
  const found = text.matchAll(/^(\w+)<<(\w+)\n([\s\S]*?)\n\2$/gm);
  return Object.fromEntries(Array.from(found, ([, name, , value]) => [name!, value!]));
}

test(
  "atc hands token and refresh token over to GitHub's variables, masked, and says how to revoke",
  shared.use(async ({ call, sandbox, admin, api }) => {
    const file = sandbox.write("ci/env", "");
    const undo = path.join(sandbox.folder, "ci/undo");
    const { code, stdout, stderr } = await call(
      ["atc", "bob", ...asking, "--refreshable", "--to", "github-env"],
      { stdin: admin.value, env: { GITHUB_ENV: file, HAWSER_UNDO_FILE: undo }, printsToken: true },
    );
    assert.equal(code, 0, stderr);
    const made = api.tokens.all.at(-1)!;
    const variables = readVariables(sandbox.read("ci/env"));
    assert.deepEqual(Object.keys(variables), [
      "JFROG_CLI_ACCESS_TOKEN",
      "JFROG_CLI_ACCESS_TOKEN_REFRESH",
    ]);
    assert.equal(variables["JFROG_CLI_ACCESS_TOKEN"], made.value);
    const masks = stdout.trimEnd().split("\n");
    for (const secret of Object.values(variables)) {
      assert.ok(masks.includes(`::add-mask::${secret}`));
      assert.ok(masks.includes(`::add-mask::${btoa(secret)}`));
    }
    assert.ok(masks.every((line) => line.startsWith("::add-mask::")), "nothing else is printed");
    assert.equal(
      sandbox.read("ci/undo"),
      `access-token revoke ${made.token_id} --url ${api.url.slice(0, -1)}\n`,
    );
    fs.rmSync(path.dirname(file), { recursive: true });
  }),
);

test(
  "no token is made where the place can't take it",
  shared.use(async ({ call, admin, api }) => {
    const before = api.tokens.all.length;
    const args = ["atc", ...asking, "--to", "env-file:/nowhere/job.env"];
    const { code, stderr } = await call(args, { stdin: admin.value });
    assert.equal(code, 1);
    assert.match(stderr, /Cannot write \/nowhere\/job\.env/);
    assert.equal(api.tokens.all.length, before);
  }),
);

test(
  "config export goes to the variable that JFrog's own action reads, for one server each",
  shared.use(async ({ call, sandbox, admin }) => {
    const add = await call(["config", "add", "acme", ...asking], { stdin: admin.value });
    assert.equal(add.code, 0, add.stderr);
    const file = sandbox.write("job.env", "");
    const exported = await call(["config", "export", "--to", `env-file:${file}`]);
    assert.equal(exported.code, 0, exported.stderr);
    assert.equal(exported.stdout, "");
    const [, token] = /^JF_ENV_1=(\S+)\n$/.exec(sandbox.read("job.env"))!;
    assert.equal(JSON.parse(atob(token!)).serverId, "acme");
    const refresh = await call(["access-token", "refresh", "--server-id=acme", "--to", "-"]);
    assert.equal(refresh.code, 2);
    assert.match(refresh.stderr, /--to hands over what a given refresh token/);
    fs.rmSync(file);
    assert.equal((await call(["config", "remove", "acme", "--quiet"])).code, 0);
  }),
);

test("nothing is left where others can read it", shared.end);
