import assert from "node:assert/strict";
import { test } from "node:test";
import { makeToken, testCode } from "../../test/fakes/tokens.ts";
import { readCertificate } from "../pki/certificate.ts";
import { inspectToken } from "./inspect.ts";

const expires = "2026-03-01T12:00:00Z";
const annotations = {
  "hawser/site": "west",
  "hawser/expires": expires,
  "hawser/redemptions-allowed": "3",
};

test("inspectToken() tells what the file says, but for the code", () => {
  const token = makeToken({ linkCost: 5 }, { annotations });
  const facts = inspectToken(token, () => Date.parse(expires) - 1);
  assert.deepEqual(facts, {
    name: "west-6bfn6",
    url: token.spec.url,
    site: "west",
    expirationTime: expires,
    expired: false,
    redemptionsAllowed: 3,
    linkCost: 5,
    pins: [readCertificate(token.spec.ca).subject],
    caFingerprint: readCertificate(token.spec.ca).fingerprint,
  });
  assert.ok(!JSON.stringify(facts).includes(testCode));
  assert.equal(inspectToken(token, () => Date.parse(expires)).expired, true);
});

test("inspectToken() reads upstream's tokens, which tell less", () => {
  const facts = inspectToken(makeToken());
  assert.deepEqual(Object.keys(facts), ["name", "url", "pins", "caFingerprint"]);
});

test("inspectToken() says of a token without an authority that it pins none", () => {
  const facts = inspectToken(makeToken({ ca: "" }));
  assert.deepEqual(facts.pins, []);
  assert.ok(!("caFingerprint" in facts));
});
