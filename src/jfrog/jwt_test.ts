import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { readClaims, usernameIn } from "./jwt.ts";

type Encoding = "base64" | "base64url";

function jwt(claims: unknown, encoding: Encoding = "base64url"): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString(encoding)}.c2ln`;
}

test("usernameIn() finds the user of a subject", () => {
  const users: [sub: unknown, user: string | undefined][] = [
    ["jfrt@01c3gffhg2e8w614/users/admin", "admin"],
    ["jffe@000/users/tempuser", "tempuser"],
    ["jfac@01c3/users/a/b", "a/b"],
    ["jfrt@01c3gffhg2e8w614", undefined],
    ["jfrt@01c3/admin", "admin"],
    ["jfac@01c3/users/", undefined],
    ["yahav/test-repo", "yahav/test-repo"],
    ["", undefined],
    [5, undefined],
    [undefined, undefined],
  ];
  for (const [sub, user] of users) assert.equal(usernameIn(jwt({ sub })), user, String(sub));
});

test("readClaims() takes both alphabets of base64, padded or not", () => {
  const claims = { sub: "jfac@1/users/ÿ?>~", exp: 5, iat: 1, aud: ["a", "b"], jti: "j" };
  for (const encoding of ["base64", "base64url"] as const) {
    const token = jwt(claims, encoding);
    assert.match(token, encoding === "base64" ? /[+/]/ : /[-_]/);
    assert.deepEqual(readClaims(token), claims);
    assert.deepEqual(readClaims(token.replaceAll("=", "")), claims);
  }
});

test("readClaims() takes no other text for a token, and no claim of another type", () => {
  const payload = jwt({ sub: "a" }).split(".")[1];
  for (
    const other of ["", "cmVmdGtu", "a.b", `e30.${payload}`, `e30.${payload}.x.y`, "..", "a.!!.c"]
  ) {
    assert.equal(readClaims(other), undefined, other);
  }
  assert.equal(readClaims(jwt([1])), undefined);
  assert.equal(readClaims(jwt(null)), undefined);
  assert.deepEqual(readClaims(jwt({ sub: "a", exp: "never", aud: [1], scp: {}, other: 1 })), {
    sub: "a",
  });
});
