import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { answerWith } from "../../fakes/access_api.ts";
import { makeJwt } from "../../fakes/access_rules.ts";
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
      { stdin: admin.value, env: { GITHUB_ENV: file, HAWSER_UNDO_FILE: undo }, printsMasks: true },
    );
    assert.equal(code, 0, stderr);
    const made = api.tokens.all.at(-1)!;
    const variables = readVariables(sandbox.read("ci/env"));
    assert.deepEqual(Object.keys(variables), [
      "JFROG_CLI_ACCESS_TOKEN",
      "JFROG_CLI_ACCESS_TOKEN_REFRESH",
    ]);
    assert.equal(variables["JFROG_CLI_ACCESS_TOKEN"], made.value);
    assert.equal(stdout, "");
    const masks = stderr.split("\n").filter((line) => line.startsWith("::"));
    for (const secret of Object.values(variables)) {
      assert.ok(masks.includes(`::add-mask::${secret}`));
      assert.ok(masks.includes(`::add-mask::${btoa(secret)}`));
    }
    assert.equal(
      sandbox.read("ci/undo"),
      `access-token revoke ${made.token_id} --url ${api.url.slice(0, -1)}\n`,
    );
    fs.rmSync(path.dirname(file), { recursive: true });
  }),
);

test(
  "nothing that a server calls a token's id becomes a command of the job",
  shared.use(async ({ call, sandbox, admin, api }) => {
    const undo = path.join(sandbox.folder, "undo");
    const ids = ["$(touch pwned)", "'; touch pwned #", "x'\n; touch pwned #", "--all", "me", ""];
    for (const token_id of ids) {
      const token = { access_token: makeJwt({ jti: "id-of-the-token" }), token_id };
      api.misbehave(answerWith(200, token, { "content-type": "application/json" }));
      const { code, stderr } = await call(["atc", ...asking, "--to", "made"], {
        stdin: admin.value,
        env: { HAWSER_UNDO_FILE: undo },
      });
      assert.equal(code, 0, stderr);
    }
    const line = `access-token revoke id-of-the-token --url ${api.url.slice(0, -1)}\n`;
    assert.equal(sandbox.read("undo"), line.repeat(ids.length));
    for (const file of ["undo", "made"]) fs.rmSync(path.join(sandbox.folder, file));
  }),
);

/** What a hostile server may give out as a token. */
const hostileValues = {
  "lines like delimiters": "a\nhawser_0123\nEOF\nOTHER=1\n::set-output name=x::y\n%0A::debug::",
  "carriage returns": "secret-a\r\nsecret-b\rsecret-c",
  "a NUL": "secret\0OTHER=1",
  "half a character": "secret-\ud800-end",
  "a command of the runner": "::add-mask::%25%0A::stop-commands::x",
  "nearly a mebibyte": "x".repeat(1_000_000),
};

for (const [what, value] of Object.entries(hostileValues)) {
  test(
    `a token of ${what} is handed over whole and alone, or refused with a word`,
    shared.use(async ({ call, sandbox, admin, api }) => {
      const handOver = async (to: string, env: Record<string, string> = {}) => {
        const token = { access_token: value, token_id: "id-1" };
        api.misbehave(answerWith(200, token, { "content-type": "application/json" }));
        return await call(["atc", ...asking, "--to", to], {
          stdin: admin.value,
          env,
          printsMasks: true,
        });
      };
      const wellFormed = value.toWellFormed();
      const file = sandbox.write("outputs", "");
      const output = await handOver("github-output", { GITHUB_OUTPUT: file });
      assert.equal(output.code, 0, output.stderr);
      assert.deepEqual(readVariables(sandbox.read("outputs")), { token: wellFormed });
      const masks = output.stderr.split("\n").filter((line) => line.startsWith("::"));
      assert.ok(masks.length > 0 && masks.every((line) => line.startsWith("::add-mask::")));
      const plain = await handOver("plain");
      assert.equal(plain.code, 0, plain.stderr);
      assert.equal(JSON.parse(sandbox.read("plain")).access_token, value);
      const line = await handOver("env-file:line.env");
      const fits = !/[\r\n\0]/.test(value);
      assert.equal(line.code, fits ? 0 : 1, line.stderr);
      if (fits) assert.equal(sandbox.read("line.env"), `JFROG_CLI_ACCESS_TOKEN=${wellFormed}\n`);
      else assert.match(line.stderr, /it takes no value of several lines/);
      for (const name of fs.readdirSync(sandbox.folder)) {
        if (/^(outputs|plain|line\.env)$/.test(name)) fs.rmSync(path.join(sandbox.folder, name));
      }
    }),
  );
}

test(
  "no token is made where the place can't take it",
  shared.use(async ({ call, sandbox, admin, api }) => {
    const before = api.tokens.all.length;
    const mine = sandbox.write("mine", "");
    fs.symlinkSync(mine, path.join(sandbox.folder, "to-mine"));
    fs.mkdirSync(path.join(sandbox.folder, "a-folder"));
    const places: [string, RegExp][] = [
      ["env-file:/nowhere/job.env", /Cannot write \/nowhere\/job\.env/],
      ["/dev/full", /Cannot write \/dev\/full: it is not a regular file/],
      ["a-folder", /it is a folder/],
      ["to-mine", /it is a symbolic link/],
      ["gitlab-dotenv:to-mine", /it is a symbolic link/],
      ["fd:9", /descriptor 9/],
    ];
    for (const [to, said] of places) {
      const { code, stderr } = await call(["atc", ...asking, "--to", to], { stdin: admin.value });
      assert.equal(code, 1, to);
      assert.match(stderr, said);
    }
    assert.equal(api.tokens.all.length, before);
    for (const name of ["mine", "to-mine"]) fs.rmSync(path.join(sandbox.folder, name));
  }),
);

test(
  "config export goes to the variable that JFrog's own action reads, for one server each",
  shared.use(async ({ call, sandbox, admin }) => {
    const add = await call(["config", "add", "acme", ...asking], { stdin: admin.value });
    assert.equal(add.code, 0, add.stderr);
    const file = sandbox.write("job.env", "");
    const exported = await call(["config", "export", "--to", `env-file:${file}`], {
      env: { GITHUB_ACTIONS: "true" },
      printsMasks: true,
    });
    assert.equal(exported.code, 0, exported.stderr);
    // what is in it is a secret too
    assert.ok(exported.stderr.includes(`::add-mask::${admin.value}\n`));
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
