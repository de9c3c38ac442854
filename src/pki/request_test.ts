import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { hasOpenssl, withOpenssl } from "../../test/openssl.ts";
import { createKeyPair, createRsaKeyPair, exportPublicKey, publicKeyHash } from "./key_pair.ts";
import { createRequest, readRequest } from "./request.ts";

const broken = { message: "the certificate request is not PKCS#10 in DER" };
const unsigned = { message: "the certificate request is not signed with its own key" };

test("a request gives back the key it was made with", async () => {
  for (const pair of [await createKeyPair(), await createRsaKeyPair()]) {
    const read = await readRequest(await createRequest(pair, "east"));
    const publicKey = exportPublicKey(pair.publicKey);
    assert.deepEqual(read, { publicKey, keyHash: publicKeyHash(publicKey) });
  }
});

test("a request with any one byte changed is refused", async () => {
  const der = await createRequest(await createKeyPair(), "east");
  for (let index = 0; index < der.length; index++) {
    const changed = Uint8Array.from(der);
    changed[index]! ^= 1 << (index % 8);
    await assert.rejects(
      readRequest(changed),
      /^Error: the (certificate request|request's key) is /,
    );
  }
});

test("whatever is no request is refused", async () => {
  const der = await createRequest(await createKeyPair(), "east");
  const wrong = [new Uint8Array(), der.subarray(1), der.subarray(0, -1), Uint8Array.of(...der, 0)];
  for (const bytes of wrong) await assert.rejects(readRequest(bytes), broken);
  await assert.rejects(readRequest(new Uint8Array(4097)), {
    message: "the certificate request exceeds 4096 bytes",
  });
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
    await assert.rejects(readRequest(bytes), broken);
  }));
});

test("a request for someone else's key is refused", async () => {
  const [own, foreign] = [await createKeyPair(), await createKeyPair()];
  const mixed = { ...own, publicKey: foreign.publicKey };
  const request = await createRequest(mixed, "east");
  await assert.rejects(readRequest(request), unsigned);
});

describe("requests and openssl (needs openssl)", { skip: !hasOpenssl }, () => {
  test(
    "openssl verifies the requests that are made",
    withOpenssl(async (openssl) => {
      for (const pair of [await createKeyPair(), await createRsaKeyPair()]) {
        await openssl.write("request", await createRequest(pair, "east"));
        const subject = openssl.run("req -inform DER -in request -verify -noout -subject");
        assert.equal(subject, "subject=CN = east\n");
      }
    }),
  );

  const curve = "genpkey -algorithm EC -out key -pkeyopt ec_paramgen_curve:";
  const accepted = [
    `${curve}P-256`,
    `${curve}P-384`,
    "genrsa -out key 2048",
    "genrsa -out key 4096",
  ];
  for (const words of accepted) {
    test(
      `a request of openssl is read: ${words}`,
      withOpenssl(async (openssl) => {
        openssl.run(words);
        openssl.run(
          "req -new -key key -subj /O=x/CN=y -addext subjectAltName=DNS:z -outform DER -out request",
        );
        openssl.run("pkey -in key -pubout -outform DER -out spki");
        const read = await readRequest(await openssl.readBytes("request"));
        assert.deepEqual(read.publicKey, await openssl.readBytes("spki"));
      }),
    );
  }

  const refused: [words: string, message: RegExp][] = [
    [`${curve}P-521`, /the request's key is neither/],
    [`${curve}secp256k1`, /the request's key is neither|not PKCS#10/],
    ["genrsa -out key 1024", /the request's key is neither/],
    ["genpkey -algorithm ed25519 -out key", /the request's key is neither/],
    [
      "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out key",
      /the request's key is neither|not PKCS#10/,
    ],
  ];
  for (const [words, message] of refused) {
    test(
      `a request of openssl is refused: ${words}`,
      withOpenssl(async (openssl) => {
        openssl.run(words);
        openssl.run("req -new -key key -subj /CN=y -outform DER -out request");
        const request = await openssl.readBytes("request");
        await assert.rejects(readRequest(request), { message });
      }),
    );
  }

  test(
    "a request signed with SHA-1 is refused",
    withOpenssl(async (openssl) => {
      openssl.run("genrsa -out key 2048");
      openssl.run("req -new -sha1 -key key -subj /CN=y -outform DER -out request");
      const request = await openssl.readBytes("request");
      await assert.rejects(readRequest(request), unsigned);
    }),
  );
});
