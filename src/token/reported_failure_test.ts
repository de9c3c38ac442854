import assert from "node:assert/strict";
import { test } from "node:test";
import { makeToken } from "../../test/fakes/tokens.ts";
import { appError } from "../errors/app_error.ts";
import { describeReportedFailure } from "./reported_failure.ts";

const token = makeToken();
const { name } = token.metadata;
const { url } = token.spec;
const around = { namespace: "east", now: Date.now() };

/** What upstream's controller and ours write, and what it means; undefined: it may yet succeed. */
const messages: [string, string | undefined][] = [
  ["Controller got failed response: 404 (Not Found) No such claim", "token-unknown"],
  ["Controller got failed response: 404 (Not Found) No such access granted\n", "token-used-up"],
  [
    "Controller got failed response: 403 (Forbidden) Redemption of access token refused",
    "token-refused",
  ],
  ["Controller got failed response: 500 (Internal Server Error) Corrupted claim", "server-error"],
  ["Controller got failed response: 302 (Found) ", "answer-invalid"],
  ["Controller got failed response: 503 (Service Unavailable) Internal error", undefined],
  ["Controller got failed response: 429 (Too Many Requests) Too many wrong codes", undefined],
  [`Controller got error: Post "${url}": dial tcp: lookup west: no such host`, undefined],
  [`Controller got error: Post "${url}": context deadline exceeded`, undefined],
  [
    `Controller got error: Post "${url}": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    "tls-failed",
  ],
  ["Controller could not decode response", "answer-invalid"],
  ['Controller could not create received secret: secrets "t" already exists', "name-taken"],
  [
    'Controller could not create received link: links.skupper.io "t" already exists',
    "name-taken",
  ],
  ["Controller could not create received secret: secrets is forbidden", "token-not-redeemed"],
  ["token url scheme must be https", "token-not-redeemed"],
  [appError("token-refused", { url }).message, "token-refused"],
  [appError("token-expired", { token: name, clock: "a clock" }).message, "token-expired"],
  [appError("token-used-up", { token: name }).message, "token-used-up"],
  [appError("token-revoked", { token: name }).message, "token-revoked"],
  [appError("token-unknown", { token: name }).message, "token-unknown"],
  [appError("token-own", { token: name, namespace: "east" }).message, "token-own"],
  [appError("name-taken", { kind: "Link", name, namespace: "east" }).message, "name-taken"],
  ["", "token-not-redeemed"],
];

for (const [message, code] of messages) {
  test(`describeReportedFailure() takes "${message.slice(0, 70)}" for ${code}`, () => {
    assert.equal(describeReportedFailure(token, message, around)?.code, code);
  });
}

test("describeReportedFailure() keeps the controller's words", () => {
  const failure = describeReportedFailure(token, "something new", around);
  assert.equal(failure?.message, `Token "${name}" was not redeemed: something new`);
});
