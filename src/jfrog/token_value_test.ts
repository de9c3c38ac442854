import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppError } from "../errors/app_error.ts";
import { makeJwt } from "../../test/fakes/access_rules.ts";
import { idIn, isTokenValue, nameToken, withoutTokens } from "./token_value.ts";

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

test("nameToken() takes a token from what it is often given with", () => {
  const jwt = makeJwt({ sub: "a", jti: "x" });
  const reference = `cmVmdGtuOjAxOjE3${"a".repeat(40)}`;
  for (const value of [jwt, reference, `AKCp8${"x".repeat(68)}`]) {
    const wrapped = value.replaceAll(/.{20}/g, "$&\r\n");
    for (const text of [value, ` ${value}\n`, `"${value}"`, `'${value}'`, wrapped]) {
      assert.deepEqual(nameToken(text), { value });
    }
    assert.deepEqual(nameToken(`Bearer ${value}`), { value });
  }
  for (const id of ["me", "7c8c1ad2-0b5c-4f54-a0f9-a9a5a4a5b1a3", "revoke"]) {
    assert.deepEqual(nameToken(` ${id}\n`), { id });
  }
});

test("nameToken() refuses what is neither a whole token nor an id, and shows nothing of it", () => {
  const jwt = makeJwt({ sub: "a", jti: "x" });
  const cut = [jwt.slice(0, jwt.lastIndexOf(".")), jwt.slice(0, 40), "cmVmdGtu", "AKCp8x"];
  const others = [
    ...["", "..", "../x", "a/b", "%2e%2e", "my secret", jwt.slice(5), `token=${jwt}`],
    JSON.stringify({ access_token: jwt }),
  ];
  for (const text of [...cut, ...others]) {
    assert.throws(() => nameToken(text), ({ code, message }: AppError) => {
      assert.equal(code, "invalid-value");
      assert.match(message, /^Invalid value "…" for the id: it must be a /);
      return !cut.includes(text) || message.includes("cut off or damaged");
    }, text);
  }
});

test("withoutTokens() leaves out tokens alone", () => {
  const jwt = makeJwt({ sub: "a" });
  assert.equal(withoutTokens(`server-${jwt}!`), "server-…!");
  assert.equal(withoutTokens(`cmVmdGtuOjAxOjE3${"a".repeat(40)}==`), "…");
  assert.equal(withoutTokens("acme-eyJ"), "acme-eyJ");
});

test("idIn() takes no word for an id that would be another path", () => {
  assert.equal(idIn(makeJwt({ jti: "7c8c1ad2-0b5c" })), "7c8c1ad2-0b5c");
  for (const jti of ["../x", "a b", "", "x".repeat(200), 7]) {
    assert.equal(idIn(makeJwt({ jti })), undefined);
  }
  assert.equal(idIn("cmVmdGtuOjAx"), undefined);
  for (const jti of ["me", "--all"]) assert.equal(idIn(makeJwt({ jti })), undefined);
});
