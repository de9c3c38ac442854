import "reflect-metadata";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import fc from "fast-check";
import { createAuthority, loadAuthority } from "./authority.ts";
import { isSignedBy, readCertificate } from "./certificate.ts";
import { readElement, readInside } from "./der_reader.ts";
import { createKeyPair, importPrivateKey, publicKeyHash } from "./key_pair.ts";
import { encodePem, pemBlocks } from "./pem.ts";
import { createRequest, readRequest } from "./request.ts";

/**
 * Here a library reads what src/pki makes, and src/pki reads what the library makes: the two were
 * written by different people, from the same standards.
 */
const crypto = webcrypto as Crypto;

/** Names as sites and subjects have them: printable, at most 64 characters (RFC 5280 A.1). */
const commonName = fc.stringMatching(/^[a-z0-9][a-zA-Z0-9 .:_-]{0,50}[a-z0-9]$/);
const host = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]\.example$/),
  fc.constantFrom("192.0.2.7", "2001:db8::7"),
);
const keyType = fc.constantFrom("ec" as const, "rsa" as const);
const runs = { numRuns: 12 };

async function authority(keyType: "ec" | "rsa", name = "the site") {
  const { certificatePem, privateKeyPem } = await createAuthority(name, { keyType });
  return await loadAuthority(certificatePem, privateKeyPem);
}

test("the library reads an authority of ours as we do", async () => {
  await fc.assert(
    fc.asyncProperty(commonName, keyType, async (name, keyType) => {
      const { certificatePem } = await authority(keyType, name);
      const theirs = new X509Certificate(certificatePem);
      assert.equal(theirs.subject, `CN=${name}`);
      assert.equal(theirs.issuer, theirs.subject);
      assert.ok(await theirs.verify({ signatureOnly: true }, crypto));
      assert.equal(theirs.getExtension(BasicConstraintsExtension)?.ca, true);
      const usages = theirs.getExtension(KeyUsagesExtension)!.usages;
      assert.ok((usages & KeyUsageFlags.keyCertSign) !== 0);
    }),
    runs,
  );
});

test("the library reads the certificates that our authorities sign as we do", async () => {
  await fc.assert(
    fc.asyncProperty(
      commonName,
      fc.array(host, { minLength: 1, maxLength: 3 }),
      keyType,
      async (name, hosts, keyType) => {
        const issuer = await authority(keyType);
        const { publicKey } = await createKeyPair();
        const lifetimeMs = 3_600_000;
        const request = { commonName: name, publicKey, lifetimeMs };
        const client = await issuer.signClient(request);
        const server = await issuer.signServer({ ...request, hosts });
        const root = new X509Certificate(issuer.certificatePem);
        for (const { certificatePem, serial, notAfter } of [client, server]) {
          const theirs = new X509Certificate(certificatePem);
          assert.equal(theirs.subject, `CN=${name}`);
          assert.equal(theirs.serialNumber.replace(/^0+/, ""), serial.replace(/^0+/, ""));
          assert.equal(theirs.notAfter.getTime(), notAfter.getTime());
          assert.ok(
            await theirs.verify({ publicKey: root.publicKey, signatureOnly: true }, crypto),
          );
          assert.ok(isSignedBy(certificatePem, issuer.certificatePem));
          const ours = readCertificate(certificatePem);
          assert.equal(ours.notAfter.getTime(), theirs.notAfter.getTime());
        }
        const purposes = (
          pem: string,
        ) => [...new X509Certificate(pem).getExtension(ExtendedKeyUsageExtension)?.usages ?? []];
        assert.deepEqual(purposes(client.certificatePem), [ExtendedKeyUsage.clientAuth]);
        assert.deepEqual(purposes(server.certificatePem), [ExtendedKeyUsage.serverAuth]);
        const names = new X509Certificate(server.certificatePem)
          .getExtension(SubjectAlternativeNameExtension)!.names.items.map(({ value }) => value);
        for (const host of hosts) assert.ok(names.includes(host), `${host} in ${names}`);
      },
    ),
    runs,
  );
});

test("we read and honour what the library makes: authorities, keys and certificates", async () => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "0a0b",
    name: "CN=made by a library",
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 1, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  }, crypto);
  const certificatePem = root.toString("pem");
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  const loaded = await loadAuthority(certificatePem, encodePem("PRIVATE KEY", pkcs8));
  const { publicKey } = await createKeyPair();
  const signed = await loaded.signClient({ commonName: "east", publicKey, lifetimeMs: 60_000 });
  assert.ok(isSignedBy(signed.certificatePem, certificatePem));
  const leaf = new X509Certificate(signed.certificatePem);
  assert.equal(leaf.issuer, "CN=made by a library");
  assert.ok(await leaf.verify({ publicKey: root.publicKey, signatureOnly: true }, crypto));
});

test("requests are read alike in both directions", async () => {
  const keys = await createKeyPair();
  const imported = importPrivateKey(keys.privateKeyPem);
  const ours = await createRequest(imported, "east");
  const theirs = new Pkcs10CertificateRequest(new Uint8Array(ours));
  assert.equal(theirs.subject, "CN=east");
  assert.ok(await theirs.verify(crypto));
  assert.equal(
    publicKeyHash(new Uint8Array(theirs.publicKey.rawData)),
    (await readRequest(ours)).keyHash,
  );

  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const made = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=east",
    keys: made,
    signingAlgorithm: algorithm,
  }, crypto);
  const spki = await crypto.subtle.exportKey("spki", made.publicKey);
  assert.equal(
    (await readRequest(new Uint8Array(request.rawData))).keyHash,
    publicKeyHash(new Uint8Array(spki)),
  );
});

/** True if the library takes a request, and says that whoever made it has the key. */
async function libraryTakes(der: Uint8Array): Promise<boolean> {
  try {
    return await new Pkcs10CertificateRequest(new Uint8Array(der)).verify(crypto);
  } catch {
    return false;
  }
}

async function weTake(der: Uint8Array): Promise<boolean> {
  return await readRequest(der).then(() => true, () => false);
}

test("a request with a byte changed is refused by both, or by us who are stricter", async () => {
  const request = await createRequest(await createKeyPair(), "east");
  await fc.assert(
    fc.asyncProperty(
      fc.nat(request.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const mutated = Uint8Array.from(request);
        mutated[at] = mutated[at]! ^ change;
        // the signature covers all but itself and its algorithm: whatever we take, the library does
        if (await weTake(mutated)) assert.ok(await libraryTakes(mutated), `byte ${at} ^ ${change}`);
      },
    ),
    { numRuns: 600 },
  );
});

/** True if the library reads a certificate. */
function libraryReads(der: Uint8Array<ArrayBuffer>): boolean {
  try {
    return new X509Certificate(der).subject !== "";
  } catch {
    return false;
  }
}

test("an authority with a byte changed is refused by both, or by whoever checks signatures", async () => {
  // an authority's file is the site's own: we load what the runtime reads, and leave it to those
  // who trust it to check what it says of itself
  const { certificatePem, privateKeyPem } = await createAuthority("west");
  const [block] = pemBlocks("CERTIFICATE", certificatePem);
  const der = Buffer.from(block!.replace(/-----[^-]+-----|\s/g, ""), "base64");
  // the part that is signed; what is behind it is the signature's own
  const [signedPart] = readInside(0x30, readElement(der));
  const end = der.indexOf(signedPart!.whole) + signedPart!.whole.length;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(end - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const mutated = Uint8Array.from(der);
        mutated[at] = mutated[at]! ^ change;
        const pem = encodePem("CERTIFICATE", mutated);
        const loaded = await loadAuthority(pem, privateKeyPem).catch(() => undefined);
        if (loaded !== undefined) assert.ok(libraryReads(mutated) || !isSignedBy(pem, pem));
      },
    ),
    { numRuns: 300 },
  );
});
