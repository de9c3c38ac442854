import { test } from "node:test";
import assert from "node:assert/strict";
import { answerWith } from "../../fakes/access_api.ts";
import { makeJwt } from "../../fakes/access_rules.ts";
import { shareAccessStage } from "../stage/access_stage.ts";

const shared = shareAccessStage();
const atc = ["atc", "--url", "URL", "--access-token-stdin"];
const endless = makeJwt({ sub: "jfac@1/users/bob", jti: "7c8c1ad2" });
const token = { access_token: "odd", token_id: "7c8c1ad2" };

/** What is asked for, what is given in its place, and what is said of that. */
const table: [asked: string[], given: object, said: RegExp][] = [
  [["--reference"], {}, /^warning: No reference token was made: .* since 7\.38\.10\n$/],
  [["--refreshable"], {}, /^warning: No refresh token was made: /],
  [
    ["--expiry=100"],
    { expires_in: 50 },
    /^warning: The token is good for 50 seconds, and one for 100 /,
  ],
  [
    ["--expiry=100"],
    { access_token: endless },
    /^warning: The token is good without end, and one for/,
  ],
  [["eve"], { access_token: endless }, /^warning: The token is that of bob, and one of eve was/],
  [["--scope=a b"], { scope: "a" }, /^warning: The token's scope is a, and a b was asked for\n$/],
];

for (const [asked, given, said] of table) {
  test(
    `atc ${asked.join(" ")} says what it was not given`,
    shared.use(async (stage) => {
      stage.api.misbehave(answerWith(200, { ...token, ...given }));
      const { code, stdout, stderr } = await stage.call([...atc, ...asked], {
        stdin: stage.admin.value,
      });
      assert.equal(code, 0);
      assert.match(stderr, said);
      assert.match(stdout, /"access_token": "(odd|eyJ)/);
    }),
  );
}

test(
  "Artifactory before 7.38.10 makes no reference token, and --strict revokes what it made",
  shared.use(async (stage) => {
    const { tokens } = stage.api;
    tokens.version = "7.38.9";
    const before = tokens.all.length;
    const args = [...atc, "bob", "--reference", "--strict"];
    const { code, stdout, stderr } = await stage.call(args, {
      stdin: stage.admin.value,
      printsToken: false,
    });
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^error: The token is not what .*: No reference token .*\. It is revoked\n$/,
    );
    assert.equal(tokens.all.length, before);
    tokens.version = "7.133.9";
    assert.equal((await stage.call(args, { stdin: stage.admin.value })).code, 0);
  }),
);

test(
  "a token that --strict can't revoke is told",
  shared.use(async (stage) => {
    const { tokens } = stage.api;
    tokens.version = "7.38.9";
    const args = [...atc, "--reference", "--strict", "--expiry=1h"];
    const { code, stderr } = await stage.call(args, { stdin: stage.admin.value });
    tokens.version = "7.133.9";
    assert.equal(code, 1);
    assert.match(stderr, /It could not be revoked, and exists: .*Token not revocable/);
    const id = tokens.all.at(-1)!.token_id;
    assert.match(stderr, new RegExp(`\\nhint: To see it: hawser access-token show ${id}\\n$`));
  }),
);

test(
  "a token that the server does not know when it is to be revoked is not told as revoked",
  shared.use(async (stage) => {
    const from = stage.api.calls.length;
    for (const given of [{ token_id: "7c8c1ad2" }, { token_id: "../me" }, {}]) {
      stage.api.misbehave(answerWith(200, { access_token: "CanaryOdd", ...given }));
      const args = [...atc, "--reference", "--strict"];
      const { code, stdout, stderr } = await stage.call(args, { stdin: stage.admin.value });
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(stderr, /error: .* It could not be revoked, and exists: the server, /);
      assert.ok(!stderr.includes("CanaryOdd"));
    }
    const asked = stage.api.calls.slice(from).filter(({ method }) => method === "DELETE");
    assert.deepEqual(asked.map(({ path }) => path.replace("/access/api/v1/tokens/", "")), [
      "7c8c1ad2",
      "revoke",
      "revoke",
    ]);
  }),
);

test("what was printed and left behind holds no secret", shared.end);
