import assert from "node:assert/strict";
import { test } from "node:test";
import { makeJwt } from "../../test/fakes/access_rules.ts";
import { idIn, isTokenValue } from "./token_value.ts";

test("isTokenValue() tells a token from the id of one", () => {
  const tokens = [
    makeJwt({ sub: "a" }),
    ` ${makeJwt({ jti: "x" })}\n`,
    `cmVmdGtuOjAxOjE3${"a".repeat(40)}`,
    `AKCp8${"x".repeat(68)}`,
    "x".repeat(129),
  ];
  for (const token of tokens) assert.equal(isTokenValue(token), true, token);
  const ids = ["me", "", "..", "revoke", "a.b.c", "7c8c1ad2-0b5c-4f54-a0f9-a9a5a4a5b1a3", "a/../b"];
  for (const id of ids) assert.equal(isTokenValue(id), false, id);
});

test("idIn() takes no word for an id that would be another path", () => {
  assert.equal(idIn(makeJwt({ jti: "7c8c1ad2-0b5c" })), "7c8c1ad2-0b5c");
  for (const jti of ["../x", "a b", "", "x".repeat(200), 7]) {
    assert.equal(idIn(makeJwt({ jti })), undefined);
  }
  assert.equal(idIn("cmVmdGtuOjAx"), undefined);
  for (const jti of ["me", "--all"]) assert.equal(idIn(makeJwt({ jti })), undefined);
});
