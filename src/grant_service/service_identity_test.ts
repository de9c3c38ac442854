import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthority } from "../pki/authority.ts";
import { isKeyOfCertificate, isSignedBy, readCertificate } from "../pki/certificate.ts";
import { type IdentityStore, obtainServiceIdentity } from "./service_identity.ts";

const dayMs = 24 * 3_600_000;
const start = Date.parse("2026-11-22T12:00:00Z");

function memoryStore() {
  const texts = new Map<string, string>();
  const store: IdentityStore = {
    read: (name) => Promise.resolve(texts.get(name)),
    write: (name, text) => (texts.set(name, text), Promise.resolve(text)),
  };
  return { store, texts };
}

test("obtainServiceIdentity() makes an identity for all hosts and keeps it", async () => {
  const { store } = memoryStore();
  const hosts = ["west.example.com", "192.0.2.1", "2001:db8::1"];
  const identity = await obtainServiceIdentity(store, hosts, () => [start]);
  const { dnsNames, ipAddresses, notAfter } = readCertificate(identity.certificatePem);
  assert.deepEqual(ipAddresses, ["192.0.2.1", "2001:db8::1"]);
  assert.ok(dnsNames.includes("west.example.com"));
  assert.ok(isSignedBy(identity.certificatePem, identity.caPem));
  assert.ok(isKeyOfCertificate(identity.certificatePem, identity.privateKeyPem));
  assert.ok(identity.renewAt < notAfter.getTime());
  assert.deepEqual(await obtainServiceIdentity(store, hosts, () => [start + dayMs]), identity);
  assert.deepEqual(await obtainServiceIdentity(store, ["192.0.2.1"], () => [start]), identity);
});

test("obtainServiceIdentity() makes a certificate anew for a new host, under the same authority", async () => {
  const { store } = memoryStore();
  const before = await obtainServiceIdentity(store, ["west"], () => [start]);
  const after = await obtainServiceIdentity(store, ["west", "other"], () => [start]);
  assert.notEqual(after.certificatePem, before.certificatePem);
  assert.equal(after.caPem, before.caPem);
});

test("obtainServiceIdentity() renews the certificate, and at last the authority, before they end", async () => {
  const { store } = memoryStore();
  const first = await obtainServiceIdentity(store, ["west"], () => [start]);
  const second = await obtainServiceIdentity(store, ["west"], () => [first.renewAt]);
  assert.notEqual(second.certificatePem, first.certificatePem);
  assert.equal(second.caPem, first.caPem);
  const caEnd = readCertificate(first.caPem).notAfter.getTime();
  const last = await obtainServiceIdentity(store, ["west"], () => [caEnd - dayMs]);
  assert.notEqual(last.caPem, first.caPem);
  assert.ok(isSignedBy(last.certificatePem, last.caPem));
});

test("obtainServiceIdentity() takes a damaged text for none", async () => {
  const { store, texts } = memoryStore();
  const before = await obtainServiceIdentity(store, ["west"], () => [start]);
  texts.set("server.pem", texts.get("authority.pem")!.replace(/-----BEGIN PRIVATE[^]*/, ""));
  const after = await obtainServiceIdentity(store, ["west"], () => [start]);
  assert.equal(after.caPem, before.caPem);
  assert.ok(isKeyOfCertificate(after.certificatePem, after.privateKeyPem));
});

/** What a client that trusts `ca` alone finds of what the service serves, at that time. */
function isTrusted(served: { certificatePem: string }, ca: string, now: number): boolean {
  return isSignedBy(served.certificatePem, ca) &&
    [served.certificatePem, ca].map(readCertificate).every(({ notBefore, notAfter }) =>
      notBefore.getTime() <= now && now <= notAfter.getTime()
    );
}

const wrongClocks = {
  "30 days ahead": 30,
  "11 years ahead": 4000,
  "30 days behind": -30,
  "in 1970": -20_000,
};
for (const [how, days] of Object.entries(wrongClocks)) {
  test(`an identity made by a clock that is ${how} serves when that is right again`, async () => {
    const { store } = memoryStore();
    await obtainServiceIdentity(store, ["west"], () => [start + days * dayMs]);
    const right = await obtainServiceIdentity(store, ["west"], () => [start]);
    assert.ok(isTrusted(right, right.caPem, start));
  });

  test(`a clock that is ${how} for a while takes no token's authority away`, async () => {
    const { store } = memoryStore();
    const before = await obtainServiceIdentity(store, ["west"], () => [start]);
    await obtainServiceIdentity(store, ["west"], () => [start + days * dayMs]);
    const after = await obtainServiceIdentity(store, ["west"], () => [start]);
    assert.ok(isTrusted(after, before.caPem, start), "what was issued before names it");
  });
}

test("an identity that is not valid yet, as older versions made them, is made anew with its key", async () => {
  const { store, texts } = memoryStore();
  const ahead = start + 30 * dayMs;
  const made = await createAuthority("hawser-grant-service", { now: ahead, beginsAt: ahead });
  texts.set("authority.pem", made.certificatePem + made.privateKeyPem);
  const identity = await obtainServiceIdentity(store, ["west"], () => [start]);
  assert.ok(isTrusted(identity, identity.caPem, start));
  assert.ok(isSignedBy(identity.certificatePem, made.certificatePem));
});

test("of two clocks at hand both must find the identity valid", async () => {
  const { store } = memoryStore();
  const before = await obtainServiceIdentity(store, ["west"], () => [start]);
  const clocks = () => [start, start + 300 * dayMs];
  const after = await obtainServiceIdentity(store, ["west"], clocks);
  assert.notEqual(after.certificatePem, before.certificatePem);
  assert.deepEqual(await obtainServiceIdentity(store, ["west"], clocks), after);
  assert.deepEqual(await obtainServiceIdentity(store, ["west"], () => [start]), after);
});
