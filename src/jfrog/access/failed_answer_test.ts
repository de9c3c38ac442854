import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { FailedAnswer } from "../../errors/jfrog_errors.ts";
import { describeFailedAnswer } from "./failed_answer.ts";

const url = "https://acme.example/access/api/v1/tokens";
const jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";

function describe(status: number, body: unknown, secrets: string[] = []) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return describeAnswer(status, "Whatever", text, secrets);
}

function describeAnswer(status: number, statusText: string, text: string, secrets: string[]) {
  const answer = { status, statusText, headers: {}, body: Buffer.from(text) };
  return describeFailedAnswer(answer, url, secrets);
}

test("describeFailedAnswer() gives each status its code", () => {
  const table: [number, string, number][] = [
    [400, "access-request-invalid", 2],
    [401, "access-refused", 4],
    [403, "access-refused", 4],
    [404, "access-not-found", 6],
    [405, "access-answer-unexpected", 1],
    [409, "access-conflict", 7],
    [422, "access-request-invalid", 2],
    [429, "access-server-failed", 8],
    [500, "access-server-failed", 8],
    [204, "access-answer-unexpected", 1],
  ];
  for (const [status, code, exit] of table) {
    const error = describe(status, "");
    assert.deepEqual([error.code, error.exitCode], [code, exit], String(status));
    assert.equal(error.message, `${url} answered ${status} Whatever`);
    assert.ok(!("body" in (error.data as FailedAnswer)));
  }
});

test("describeFailedAnswer() calls no failure retryable behind which a token may be", () => {
  const later = { "retry-after": "5" };
  const table = [
    ...[[429, {}, true], [500, {}, false], [502, later, false], [503, later, true]] as const,
    // of a proxy whose server broke off, perhaps
    [503, {}, false],
  ] as const;
  for (const [status, headers, expected] of table) {
    const answer = { status, statusText: "", headers, body: Buffer.from("") };
    assert.equal(describeFailedAnswer(answer, url, [], { mints: true }).retryable, expected);
    assert.equal(describeFailedAnswer(answer, url, []).retryable, true);
  }
});

test("describeFailedAnswer() finds the words in every shape of body", () => {
  const table: [unknown, string][] = [
    [
      { errors: [{ code: "BAD", message: "Invalid audience" }, { message: "and more" }] },
      "Invalid audience; and more",
    ],
    [{ errors: [{ status: 401, message: "Bad credentials" }] }, "Bad credentials"],
    [
      { code: "BAD", message: "Token not revocable", detail: "too short" },
      "Token not revocable; too short",
    ],
    [{ error: "invalid_request", error_description: "no mapping" }, "no mapping"],
    [{ error: "invalid_request" }, "invalid_request"],
    [
      "<!DOCTYPE html><html><head><title> Log\nin </title>",
      'a page of HTML titled "Log in", not the platform\'s words',
    ],
    ["<html><body>x", "a page of HTML, not the platform's words"],
    ["plain\n  words", "plain words"],
    ["x".repeat(1000), `${"x".repeat(300)}…`],
  ];
  for (const [body, why] of table) {
    assert.equal(describe(400, body).message, `${url} answered 400 Whatever: ${why}`);
  }
  for (const body of [[], null, 7, {}, { errors: [null, 3, {}] }, { message: 5 }]) {
    assert.equal(describe(400, body).message, `${url} answered 400 Whatever`);
  }
});

test("describeFailedAnswer() blanks secrets out of words and body", () => {
  const error = describe(403, { message: `no: hunter2-hunter2 ${jwt}`, token: jwt }, [
    "hunter2-hunter2",
    "",
  ]);
  assert.match(error.message, /no: … …$/);
  assert.deepEqual((error.data as FailedAnswer).body, { message: "no: … …", token: "…" });
});

test("describeFailedAnswer() blanks secrets out of whatever a server says back, and however", () => {
  const password = 'pa"ss w/ü';
  const escaped = JSON.stringify({ [jwt]: [`${password} ${jwt}`] }).replace(/ey|ss/g, escape);
  const said = `${encodeURIComponent(password)} cmVmdGtuOjAxOjAwMDA6YWJj`;
  for (const text of [escaped, `{"message":${JSON.stringify(password)}}`, said]) {
    const error = describeAnswer(403, `No ${password} ${jwt}`, text, [password]);
    const all = error.message + JSON.stringify(error.data);
    assert.match(all, /403 No … …/);
    for (const secret of [password, JSON.stringify(password).slice(1, -1), jwt, "cmVmdGtu"]) {
      assert.ok(!all.includes(secret), all);
    }
    assert.ok(!all.includes(encodeURIComponent(password)), all);
  }
});

test("describeFailedAnswer() leaves the server's own words alone, whatever the password is", () => {
  const said = "Your password has expired, please change the password of administrator Correct7";
  for (
    const secret of ["password", "expired", "a", "administrator", "Correct", "orrect7", "ect7"]
  ) {
    assert.ok(describe(401, said, [secret]).message.endsWith(`: ${said}`), secret);
  }
  assert.match(describe(401, said, ["Correct7"]).message, /of administrator …$/);
  const token = "0123456789abcdefghijklmnop";
  assert.match(describe(401, `x${token}y`, [token]).message, /: x…y$/);
});

function escape(text: string): string {
  return [...text].map((character) => `\\u00${character.charCodeAt(0).toString(16)}`).join("");
}

test("describeFailedAnswer() says of a 403 what it may be for", () => {
  const answer = { status: 403, statusText: "", headers: {}, body: Buffer.from("") };
  const hint = (mints: boolean) =>
    describeFailedAnswer(answer, url, [], { mints }).hint({ program: "hawser" } as never);
  assert.match(hint(true)!, /^Only administrators may grant/);
  assert.equal(hint(false), "The credentials are accepted, and do not allow this.");
});
