import assert from "node:assert/strict";
import { test } from "node:test";
import { answerWith } from "../../fakes/access_api.ts";
import { makeJwt } from "../../fakes/access_rules.ts";
import { type AccessStage, shareAccessStage } from "../stage/access_stage.ts";

const shared = shareAccessStage();
const server = ["--url", "URL", "--access-token-stdin"];

/** Runs a command that asks as admin or alice; what it says never has the token in it. */
async function call(stage: AccessStage, token: string, args: string[], asker = stage.admin) {
  const env = { JFROG_CLI_ACCESS_TOKEN: asker.value };
  const isOnStdin = args.includes("-");
  const outcome = await stage.call([...args, "--url", "URL", "--verbose"], {
    env,
    stdin: isOnStdin ? `${token}\n` : "",
    printsToken: false,
  });
  assert.ok(!(outcome.stdout + outcome.stderr).includes(token), "the token was printed");
  return outcome;
}

/** The calls of `body`, none of which has a token in its path. */
async function callsOf(stage: AccessStage, token: string, body: () => Promise<void>) {
  const from = stage.api.calls.length;
  await body();
  const calls = stage.api.calls.slice(from);
  for (const { path } of calls) assert.ok(!path.includes(token), path);
  return calls.map(({ method, path, text }) => `${method} ${path} ${text}`);
}

for (const version of ["7.133.9", "7.68.0", "7.67.9", "7.38.9"]) {
  const isOld = version === "7.67.9" || version === "7.38.9";
  test(
    `access-token revoke takes the token itself, at Artifactory ${version}`,
    shared.use(async (stage) => {
      stage.api.tokens.version = version;
      const made = stage.api.tokens.make("bob");
      const body = `{"token":"${made.value}"}`;
      const calls = await callsOf(stage, made.value, async () => {
        const { code, stdout } = await call(stage, made.value, ["access-token", "revoke", "-"]);
        assert.equal(code, 0);
        assert.equal(stdout, `Access token "${made.token_id}" is revoked.\n`);
      });
      const byValue = `DELETE /access/api/v1/tokens/revoke ${body}`;
      const byId = `DELETE /access/api/v1/tokens/${made.token_id} `;
      assert.deepEqual(calls, isOld ? [byValue, byId] : [byValue]);
      assert.ok(!stage.api.tokens.all.includes(made));
    }),
  );
}

test(
  "access-token revoke takes a reference token where the server can find it, and else says so",
  shared.use(async (stage) => {
    const { tokens } = stage.api;
    for (const version of ["7.133.9", "7.67.9"]) {
      tokens.version = version;
      const made = tokens.make("bob", { include_reference_token: true });
      const args = ["access-token", "revoke", made.reference!];
      const { code, stderr } = await call(stage, made.reference!, args);
      assert.match(stderr, /^warning: Others on this machine can see the token; /);
      const isOld = version === "7.67.9";
      assert.equal(code, isOld ? 6 : 0);
      assert.equal(tokens.all.includes(made), isOld);
      if (!isOld) continue;
      assert.match(stderr, /\nerror: .* did not revoke the token: .*older than Artifactory 7\.68/);
      assert.match(stderr, /\nhint: .*hawser access-token list, then hawser access-token revoke/);
    }
    tokens.version = "7.133.9";
  }),
);

test(
  "a token that nobody knows is not there, and no other is revoked by the id that it claims",
  shared.use(async (stage) => {
    const unknown = makeJwt({ sub: "jfac@x/users/eve", jti: "7c8c1ad2-0b5c" });
    const gone = await call(stage, unknown, ["access-token", "revoke", "-"]);
    assert.equal(gone.code, 6);
    assert.match(gone.stderr, /is not there/);
    const other = stage.api.tokens.make("bob");
    const forged = makeJwt({ sub: "jfac@x/users/eve", jti: other.token_id });
    // who wants it gone and hears nothing may take it for that
    const { code, stderr } = await call(stage, forged, ["access-token", "revoke", "-", "--quiet"]);
    assert.equal(code, 6);
    assert.match(
      stderr,
      /\nerror: .* did not revoke the token: .*, damaged or forged, is not it\n/,
    );
    assert.match(
      stderr,
      new RegExp(`\\nhint: .*: hawser access-token revoke ${other.token_id}\\n`),
    );
    assert.ok(stage.api.tokens.all.includes(other));
  }),
);

test(
  "access-token revoke takes a token from what it is given with, and asks nobody for a part of one",
  shared.use(async (stage) => {
    const { tokens } = stage.api;
    for (const dressed of [(t: string) => `Bearer ${t}`, (t: string) => `"${t}"`]) {
      const made = tokens.make("bob");
      const args = ["access-token", "revoke", dressed(made.value)];
      assert.equal((await call(stage, made.value, args)).code, 0);
      assert.ok(!tokens.all.includes(made));
    }
    const made = tokens.make("bob");
    const withoutSignature = made.value.slice(0, made.value.lastIndexOf("."));
    const parts = [withoutSignature, made.value.slice(30, 130), `token=${made.value}`];
    for (const verb of ["revoke", "show"]) {
      for (const part of parts) {
        const none = await callsOf(stage, part, async () => {
          const { code, stderr } = await call(stage, part, ["access-token", verb, part, "--quiet"]);
          assert.equal(code, 2);
          assert.match(stderr, /error: Invalid value "…" for the id: it must be a/);
        });
        assert.deepEqual(none, []);
      }
    }
    assert.ok(tokens.all.includes(made));
    const args = ["config", "show", made.value];
    const { code, stderr } = await stage.call(args, { printsToken: false });
    assert.equal(code, 6);
    assert.match(stderr, /error: Server ID "…" does not exist/);
  }),
);

test(
  "a page in place of the platform revokes nothing, whatever its status",
  shared.use(async (stage) => {
    const made = stage.api.tokens.make("bob");
    stage.api.misbehave(answerWith(200, "<html><title>Log in</title></html>"));
    const { code, stdout, stderr } = await call(stage, made.value, [
      ...["access-token", "revoke", made.token_id],
    ]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /error: The answer of .* is not acceptable: it is a page, /);
  }),
);

test(
  "what answers 404 and is no platform says nothing of a token, which is not taken for revoked",
  shared.use(async (stage) => {
    const { api } = stage;
    const made = api.tokens.make("bob");
    for (const body of ["<html><title>Not here</title></html>", ""]) {
      api.misbehave(answerWith(404, body));
      const args = ["access-token", "revoke", "-", "--quiet"];
      const { code, stderr } = await call(stage, made.value, args);
      assert.equal(code, 6);
      assert.match(stderr, /\nerror: .*\/tokens\/revoke answered 404 Not Found/);
    }
    assert.ok(api.tokens.all.includes(made));
  }),
);

test(
  "who is no administrator revokes a token of its own by its value",
  shared.use(async (stage) => {
    const made = stage.api.tokens.make("alice");
    const args = ["access-token", "revoke", "-"];
    assert.equal((await call(stage, made.value, args, stage.alice)).code, 0);
    assert.ok(!stage.api.tokens.all.includes(made));
    const other = stage.api.tokens.make("bob");
    assert.equal((await call(stage, other.value, args, stage.alice)).code, 4);
    assert.ok(stage.api.tokens.all.includes(other));
  }),
);

test(
  "access-token show asks for a token by the id that it has, and shows nothing of the token",
  shared.use(async (stage) => {
    const made = stage.api.tokens.make("bob", { include_reference_token: true });
    const calls = await callsOf(stage, made.value, async () => {
      const { code, stdout } = await call(stage, made.value, ["access-token", "show", made.value]);
      assert.equal(code, 0);
      assert.match(stdout, /\nUser: +bob\n/);
    });
    assert.deepEqual(calls, [`GET /access/api/v1/tokens/${made.token_id} `]);
    const { reference = "" } = made;
    const none = await callsOf(stage, reference, async () => {
      const { code, stderr } = await call(stage, reference, ["access-token", "show", reference]);
      assert.equal(code, 2);
      assert.match(stderr, /error: Invalid value "…" for the id: it must be a token_id, or me/);
    });
    assert.deepEqual(none, []);
  }),
);

test(
  "standard input holds one secret, the token or the one to ask with",
  shared.use(async (stage) => {
    const { code, stderr } = await stage.call(["access-token", "revoke", "-", ...server], {
      stdin: stage.admin.value,
    });
    assert.equal(code, 2);
    assert.match(stderr, /^error: Standard input holds one secret\n/);
  }),
);

test("what was printed and left behind holds no secret", shared.end);
