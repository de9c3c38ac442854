import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { hasOpenssl, withOpenssl } from "../../test/openssl.ts";
import { createAuthority, loadAuthority } from "./authority.ts";
import { certificatesIn, isKeyOfCertificate, isSignedBy, readCertificate } from "./certificate.ts";
import { createKeyPair } from "./key_pair.ts";

let authorityPem: string;
let certificatePem: string;
let privateKeyPem: string;

before(async () => {
  const made = await createAuthority("ca");
  authorityPem = made.certificatePem;
  const authority = await loadAuthority(made.certificatePem, made.privateKeyPem);
  const pair = await createKeyPair();
  privateKeyPem = pair.privateKeyPem;
  const hosts = ["10.1.2.3", "2001:db8::1", "west.example"];
  const request = { commonName: "west", publicKey: pair.publicKey, lifetimeMs: 60_000, hosts };
  certificatePem = (await authority.signServer(request)).certificatePem;
});

test("readCertificate() tells names, addresses and who signed", () => {
  const facts = readCertificate(certificatePem);
  assert.equal(facts.subject, "west");
  assert.equal(facts.issuer, "ca");
  assert.equal(facts.isAuthority, false);
  assert.deepEqual(facts.ipAddresses, ["10.1.2.3", "2001:db8::1"]);
  assert.deepEqual(facts.dnsNames, ["10.1.2.3", "2001:db8::1", "west.example"]);
  assert.equal(readCertificate(authorityPem).isAuthority, true);
  assert.deepEqual(readCertificate(authorityPem).dnsNames, []);
});

test(
  "readCertificate() agrees with openssl (needs openssl)",
  { skip: !hasOpenssl },
  withOpenssl(async (openssl) => {
    openssl.run("ecparam -name prime256v1 -genkey -noout -out key");
    openssl.run("req -x509 -new -key key -utf8 -subj /O=Ünit/CN=wést -days 3 -out c.pem");
    const facts = readCertificate(await openssl.read("c.pem"));
    const shown = openssl.run("x509 -in c.pem -noout -startdate -enddate -fingerprint -sha256");
    const [start, end, fingerprint] = shown.split("\n").map((line) => line.split("=")[1]!);
    assert.equal(facts.subject, "wést");
    assert.equal(facts.issuer, "wést");
    assert.deepEqual(facts.notBefore, new Date(start!));
    assert.deepEqual(facts.notAfter, new Date(end!));
    assert.equal(facts.fingerprint, fingerprint!.replaceAll(":", "").toLowerCase());
  }),
);

test("isKeyOfCertificate() and isSignedBy() know whose is whose", async () => {
  const other = await createAuthority("ca");
  assert.equal(isKeyOfCertificate(certificatePem, privateKeyPem), true);
  assert.equal(isKeyOfCertificate(certificatePem, other.privateKeyPem), false);
  assert.equal(isSignedBy(certificatePem, authorityPem), true);
  assert.equal(isSignedBy(authorityPem, authorityPem), true);
  assert.equal(isSignedBy(certificatePem, other.certificatePem), false);
  assert.equal(isSignedBy(authorityPem, certificatePem), false);
});

describe("certificatesIn()", () => {
  test("finds each certificate, whatever stands around it", () => {
    const text = `Bag Attributes\r\n${
      certificatePem.replaceAll("\n", "\r\n")
    }\n${authorityPem}${privateKeyPem}`;
    assert.deepEqual(certificatesIn(text), [certificatePem, authorityPem]);
    assert.equal(readCertificate(text).subject, "west");
  });

  test("finds none where there is none", () => {
    for (
      const text of ["", privateKeyPem, "-----BEGIN CERTIFICATE-----\nMIIB\n", "x".repeat(100_000)]
    ) {
      assert.deepEqual(certificatesIn(text), []);
    }
  });
});

test("a text without a certificate, or with a broken one, is an error that says so", () => {
  assert.throws(() => readCertificate("hello"), { message: "there is no PEM certificate in it" });
  for (const body of ["AAAA", "not base64 at all!", certificatePem.slice(28, 200)]) {
    const text = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    assert.throws(() => readCertificate(text), { message: "the PEM certificate in it is broken" });
  }
});
