import assert from "node:assert/strict";
import { test } from "node:test";
import { TestAuthority } from "../../test/fakes/test_authority.ts";
import { createAuthority, loadAuthority } from "./authority.ts";
import { type CertificateFacts, certificatesIn, namesHost } from "./certificate.ts";
import { createKeyPair } from "./key_pair.ts";
import { findAuthority, firstHost, isRoot, pathUp, readServerChain } from "./server_chain.ts";

test("a chain leads up in whatever order its certificates came", async () => {
  const authority = await TestAuthority.make("Trust");
  const { chain, key } = await authority.sign(["a.example"]);
  const [server, below] = certificatesIn(chain) as [string, string];
  const mixed = readServerChain(server + authority.root + below, `text\n${key}`);
  assert.deepEqual(pathUp(mixed), [server, below, authority.root]);
  assert.ok(isRoot(authority.root));
  assert.ok(!isRoot(below));
  const other = await TestAuthority.make("Trust");
  assert.equal(findAuthority(mixed, [other.root, authority.root]), authority.root);
  assert.equal(findAuthority(mixed, [other.root, below]), below);
  assert.equal(findAuthority(mixed, [other.root, "broken"]), undefined);
});

test("what no client would take is told by its reason", async () => {
  const authority = await TestAuthority.make("Trust");
  const { chain, key } = await authority.sign(["a.example"]);
  const [server, below] = certificatesIn(chain) as [string, string];
  assert.throws(() => readServerChain(below + server, key), /that of its certificate 2, which/);
  const { certificatePem, privateKeyPem } = await createAuthority("ours");
  const keys = await createKeyPair();
  const client = await (await loadAuthority(certificatePem, privateKeyPem)).signClient({
    commonName: "client",
    publicKey: keys.publicKey,
    lifetimeMs: 86_400_000,
  });
  const read = () => readServerChain(client.certificatePem, keys.privateKeyPem);
  assert.throws(read, /^Error: it names no host$/);
  const encrypted = key.replaceAll("PRIVATE", "ENCRYPTED PRIVATE");
  assert.throws(() => readServerChain(chain, encrypted), /the private key is encrypted/);
});

test("a wildcard stands for one label, and names no host by itself", async () => {
  const names = { dnsNames: ["*.west.example", "East.example"], ipAddresses: ["2001:db8::7"] };
  const table: [string, boolean][] = [
    ["a.west.example", true],
    ["A.West.Example", true],
    ["east.example", true],
    ["2001:db8:0::7", true],
    ["west.example", false],
    ["a.b.west.example", false],
    ["2001:db8::8", false],
    ["192.0.2.7", false],
  ];
  for (const [host, named] of table) {
    assert.equal(namesHost(names as CertificateFacts, host), named, host);
  }
  const authority = await TestAuthority.make("Trust");
  const { chain, key } = await authority.sign(["*.west.example", "192.0.2.7"]);
  assert.equal(firstHost(readServerChain(chain, key)), "192.0.2.7");
});
