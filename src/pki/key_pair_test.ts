import assert from "node:assert/strict";
import { sign, verify } from "node:crypto";
import { describe, test } from "node:test";
import { hasOpenssl, withOpenssl } from "../../test/openssl.ts";
import { createKeyPair, exportPublicKey, importPrivateKey, publicKeyHash } from "./key_pair.ts";

test("a key that was made is read back as the same key", async () => {
  const made = await createKeyPair();
  assert.match(made.privateKeyPem, /^-----BEGIN PRIVATE KEY-----\n([^\n]{1,64}\n)+-----END/);
  const read = importPrivateKey(made.privateKeyPem);
  const data = new Uint8Array(10);
  const signature = sign("sha256", data, read.privateKey);
  assert.ok(verify("sha256", data, made.publicKey, signature));
  assert.deepEqual(exportPublicKey(read.publicKey), exportPublicKey(made.publicKey));
});

test("two keys are never the same", async () => {
  assert.notEqual((await createKeyPair()).privateKeyPem, (await createKeyPair()).privateKeyPem);
});

describe("keys of openssl (needs openssl)", { skip: !hasOpenssl }, () => {
  test(
    "a key that was made is one for openssl too, and its hash is of the same bytes",
    withOpenssl(async (openssl) => {
      const made = await createKeyPair();
      await openssl.write("key.pem", made.privateKeyPem);
      openssl.run("pkey -in key.pem -check -noout");
      openssl.run("pkey -in key.pem -pubout -outform DER -out spki");
      openssl.run("dgst -sha256 -binary -out hash spki");
      const hash = Buffer.from(await openssl.readBytes("hash")).toString("base64url");
      assert.equal(publicKeyHash(await openssl.readBytes("spki")), hash);
      assert.equal(publicKeyHash(exportPublicKey(made.publicKey)), hash);
    }),
  );

  const refused: [kind: string, words: string, message: RegExp][] = [
    [
      "an encrypted PKCS#8 key",
      "genrsa -aes128 -passout pass:secret -out key.pem 2048",
      /is encrypted$/,
    ],
    [
      "an encrypted PKCS#1 key",
      "genrsa -traditional -aes128 -passout pass:secret -out key.pem 2048",
      /is encrypted$/,
    ],
    ["an Ed25519 key", "genpkey -algorithm ed25519 -out key.pem", /neither RSA nor EC on P-256/],
    [
      "a key on another curve",
      "ecparam -name secp256k1 -genkey -noout -out key.pem",
      /private key is n/,
    ],
  ];
  for (const [kind, words, message] of refused) {
    test(
      `refuses ${kind}`,
      withOpenssl(async (openssl) => {
        openssl.run(words);
        const pem = await openssl.read("key.pem");
        assert.throws(() => importPrivateKey(pem), { message });
      }),
    );
  }
});
