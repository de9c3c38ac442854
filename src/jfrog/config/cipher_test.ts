import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { decryptSecret, encryptSecret } from "./cipher.ts";

const key = "randomkeywithlengthofexactly32!!";

test("encryptSecret() gives the answer that jf decrypts", () => {
  const nonce = Buffer.from("000102030405060708090a0b", "hex");
  const known = "AAECAwQFBgcICQoLnBqzv5YQOc/JegXPQ2Tjth9b4Tq7zwTw";
  assert.equal(encryptSecret("password", key, nonce), known);
  assert.equal(decryptSecret(known, key), "password");
});

test("encryptSecret() never gives the same answer twice", () => {
  assert.notEqual(encryptSecret("password", key), encryptSecret("password", key));
});

test("decryptSecret() gives back any secret", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (secret) => {
    assert.equal(decryptSecret(encryptSecret(secret, key), key), secret);
  }));
});

test("decryptSecret() refuses another key, a short key, and what was changed, cut off or never encrypted", () => {
  const stored = encryptSecret("password", key);
  assert.equal(decryptSecret(stored, key.toUpperCase()), undefined);
  assert.equal(decryptSecret(stored, key.slice(0, 16)), undefined);
  const changed = `${stored.startsWith("A") ? "B" : "A"}${stored.slice(1)}`;
  assert.equal(decryptSecret(changed, key), undefined);
  assert.equal(decryptSecret(stored.slice(0, 40), key), undefined);
  assert.equal(decryptSecret(stored.slice(0, 8), key), undefined);
  assert.equal(decryptSecret("not base64 at all", key), undefined);
});
