import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import { writeLinkBundle } from "../grant_service/link_bundle.ts";
import { createAuthority, loadAuthority } from "../pki/authority.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import type { Endpoint } from "../resources/resource.ts";
import { readAnswer } from "./answer.ts";

const now = Date.now();
const name = "west-6bfn6";
const dayMs = 86_400_000;
const made = await createAuthority("skupper-site-ca", {
  lifetimeMs: 100 * dayMs,
  now: now - dayMs,
});
const authority = await loadAuthority(made.certificatePem, made.privateKeyPem);
const foreign = await createAuthority("skupper-site-ca");
const ours = await createKeyPair();
const theirs = await createKeyPair();
const request = { commonName: "site-uid", lifetimeMs: dayMs };
const forUs =
  (await authority.signClient({ ...request, publicKey: ours.publicKey })).certificatePem;
const forThem =
  (await authority.signClient({ ...request, publicKey: theirs.publicKey })).certificatePem;
const endpoints: Endpoint[] = [
  { name: "inter-router", host: "10.0.0.1", port: "55671", group: "skupper-router" },
  { name: "edge", host: "west.example.com", port: "45671", group: "skupper-router" },
];
const bundle = { name, certificatePem: forUs, caPem: made.certificatePem, endpoints };
const good = writeLinkBundle(bundle);

function read(body: string | Uint8Array) {
  const asked = { url: "https://w:9090/uid", name, privateKeyPem: ours.privateKeyPem };
  return readAnswer(Buffer.from(body), asked);
}

test("readAnswer() takes the credentials for our key, and the Link", () => {
  assert.deepEqual(read(good), {
    credentials: {
      ca: made.certificatePem,
      certificate: forUs,
      privateKey: ours.privateKeyPem,
    },
    links: [{ name, endpoints }],
  });
});

test("readAnswer() takes upstream's answer: a key of its own, connect.json, no type", () => {
  const upstream = writeLinkBundle({
    ...bundle,
    certificatePem: forThem,
    privateKeyPem: theirs.privateKeyPem,
  }).replace(/^data:/m, "data:\n  connect.json: e30=").replace(/^type: .*\n/m, "");
  const { credentials } = read(upstream);
  assert.deepEqual([credentials.certificate, credentials.privateKey], [
    forThem,
    theirs.privateKeyPem,
  ]);
});

test("readAnswer() keeps the certificates between ours and the authority's, as a chain", async () => {
  const root = await createAuthority("skupper-site-ca", { keyType: "rsa", pathLength: 1 });
  const { privateKeyPem, publicKey } = await createKeyPair();
  const above = await loadAuthority(root.certificatePem, root.privateKeyPem);
  const issuing = await above.signIssuing({ commonName: "issuing", publicKey });
  const below = await loadAuthority(issuing.certificatePem, privateKeyPem);
  const leaf = await below.signClient({ ...request, publicKey: ours.publicKey });
  const readChain = (...chain: { certificatePem: string }[]) => {
    const certificatePem = chain.map((each) => each.certificatePem).join("");
    return read(writeLinkBundle({ ...bundle, certificatePem, caPem: root.certificatePem }));
  };
  assert.equal(
    readChain(leaf, issuing).credentials.certificate,
    leaf.certificatePem + issuing.certificatePem,
  );
  assert.throws(() => readChain(leaf), /not signed by ca\.crt/);
  assert.throws(() => readChain(leaf, made, issuing), /no chain/);
  assert.throws(() => readChain(leaf, issuing, issuing), /no chain/);
  const long = Array.from({ length: 5 }, () => root);
  assert.throws(() => readChain(leaf, issuing, ...long), /more than 5 certificates/);
  // whoever has a client's certificate is no authority
  const forged = await createKeyPair();
  const client = await below.signClient({ ...request, publicKey: forged.publicKey });
  const pretender = { ...below, certificatePem: client.certificatePem };
  assert.throws(() => readChain(leaf, pretender, issuing), /no chain/);
});

test("readAnswer() orders several Links by their number", () => {
  const many = endpoints.flatMap((endpoint) =>
    Array.from({ length: 11 }, (_, group) => ({ ...endpoint, group: `router-${group}` }))
  );
  const { links } = read(writeLinkBundle({ ...bundle, endpoints: many }));
  assert.deepEqual(links.map((link) => link.name), links.map((_, index) => `${name}-${index + 1}`));
  assert.equal(links.length, 11);
});

test("readAnswer() drops whatever else the documents carry", () => {
  const laden = good
    .replace("kind: Link", "kind: Link\nstatus: {status: Ready}\nextra: 1")
    .replaceAll(/^metadata:/mg, "metadata:\n  namespace: kube-system\n  labels: {a: b}")
    .replace("spec:", "spec:\n  cost: 99\n  settings: {proxy-configuration: evil}")
    .replace("type: kubernetes.io/tls", "type: bootstrap.kubernetes.io/token");
  assert.deepEqual(read(laden), read(good));
});

const encoded = (text: string) => Buffer.from(text).toString("base64");
const secretOnly = good.slice(0, good.indexOf("---", 4));
const linkOnly = good.slice(good.indexOf("---", 4));
const expired = await authority.signClient({
  ...request,
  publicKey: ours.publicKey,
  lifetimeMs: 1000,
  now: now - dayMs / 2,
});
const server = await authority.signServer({
  ...request,
  publicKey: ours.publicKey,
  hosts: ["west"],
});

const bad: [what: string, body: string | Uint8Array, why: RegExp][] = [
  ["nothing", "", /it is empty/],
  ["HTML", "<!DOCTYPE html>\n<html><body>Sign in</body></html>", /must be a mapping, not text/],
  ["JSON that is no resource", `{"error":"x"}`, /document 1 is no resource where a Secret/],
  ["bytes that are no text", Uint8Array.of(0xff, 0xfe, 0), /it is not text/],
  [
    "an alias",
    good.replace("metadata:", "x: &a [1]\ny: [*a, *a]\nmetadata:"),
    /anchors and aliases/,
  ],
  ["a Link first", linkOnly + secretOnly, /document 1 is a "Link" where a Secret/],
  ["no Link", secretOnly, /it holds no Link/],
  ["two Secrets", secretOnly + good, /document 2 is a "Secret" where a Link/],
  [
    "a kind that was not asked for",
    `${good}---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\n`,
    /document 3 is a "ClusterRoleBinding"/,
  ],
  [
    "a kind made for a terminal",
    good.replace("kind: Link", 'kind: "\\e[2J"'),
    /is a "\?\[2J" where/,
  ],
  [
    "a field made for a terminal",
    good.replace(/^metadata:/m, 'metadata:\n  labels: {"\\e[2J": 1}'),
    /labels\.\?\[2J must be text/,
  ],
  ["another version of Link", good.replace("v2alpha1", "v3"), /apiVersion must be/],
  ["17 Links", secretOnly + linkOnly.repeat(17), /more than 16 Links/],
  [
    "two Links of one name",
    secretOnly + linkOnly.repeat(2),
    /is named "west-6bfn6" where west-6bfn6-1/,
  ],
  [
    "a Link named as a path",
    named("../../etc/x", linkOnly),
    /Link is named "\.\.\/\.\.\/etc\/x" where/,
  ],
  ["a Secret of another name", named("other", secretOnly) + linkOnly, /Secret is named "other"/],
  ["a Link of another name", named("west-6bfn6-2", linkOnly), /Link is named "west-6bfn6-2"/],
  ["a Secret of another kind of data", withData({ password: encoded("x") }), /holds other data/],
  [
    "plain data beside it",
    good.replace(/^data:/m, "stringData: {evil: x}\ndata:"),
    /holds other data/,
  ],
  ["no certificate", withData({ "ca.crt": encoded(made.certificatePem) }), /has no tls\.crt/],
  ["a certificate that is none", withCertificate("trust me"), /tls\.crt is not a certificate/],
  [
    "a ca that is none",
    writeLinkBundle({ ...bundle, caPem: "x" }),
    /ca\.crt is not a certificate/,
  ],
  ["a certificate for another key", withCertificate(forThem), /key does not match the certificate/],
  [
    "a key that does not match",
    writeLinkBundle({ ...bundle, privateKeyPem: theirs.privateKeyPem }),
    /key does not match the certificate/,
  ],
  [
    "a key that is none",
    writeLinkBundle({ ...bundle, privateKeyPem: "-----BEGIN PRIVATE KEY-----" }),
    /private key is not PEM/,
  ],
  [
    "a certificate of another authority",
    writeLinkBundle({ ...bundle, caPem: foreign.certificatePem }),
    /not signed by ca\.crt/,
  ],
  ["a server's certificate", withCertificate(server.certificatePem), /not made for clients/],
  ["other credentials", good.replace(`tlsCredentials: ${name}`, "tlsCredentials: mine"), /"mine"/],
  ["no endpoints", withEndpoint({}, []), /a Link has no endpoints/],
  ["a role of its own", withEndpoint({ name: "normal" }), /role "normal"/],
  ["a role of Object's", withEndpoint({ name: "constructor" }), /role "constructor"/],
  ["a host that is none", withEndpoint({ host: "a b; rm -rf /" }), /host "a b; rm -rf \/"/],
  ["port 0", withEndpoint({ port: "0" }), /port "0"/],
  ["port 65536", withEndpoint({ port: "65536" }), /port "65536"/],
  ["a port with more in it", withEndpoint({ port: "1\n2" }), /port "1\?2"/],
  ["a group that is none", withEndpoint({ group: "../x" }), /group "\.\.\/x"/],
];

function named(other: string, document: string): string {
  const renamed = document.replace(`name: ${name}\n`, `name: ${other}\n`);
  return document === linkOnly ? secretOnly + renamed : renamed;
}

function withCertificate(certificatePem: string): string {
  return writeLinkBundle({ ...bundle, certificatePem });
}

function withData(data: Record<string, string>): string {
  return secretOnly.replace(/^data:\n( {2}.*\n)+/m, `data: ${JSON.stringify(data)}\n`) + linkOnly;
}

function withEndpoint(change: Endpoint, list = [{ ...endpoints[0]!, ...change }]): string {
  const spec = JSON.stringify({ endpoints: list });
  return `${secretOnly}---\napiVersion: skupper.io/v2alpha1\nkind: Link\n` +
    `metadata: {name: ${name}}\nspec: ${spec}\n`;
}

for (const [what, body, why] of bad) {
  test(`readAnswer() refuses ${what}`, () => {
    assert.throws(() => read(body), (error) => {
      assert.ok(isAppError(error, "answer-invalid"), String(error));
      assert.match(error.message, why);
      assert.ok(/^[\x20-\x7e]*$/.test(error.message), "a terminal would obey the message");
      assert.ok(!error.message.includes("PRIVATE KEY"));
      return true;
    });
  });
}

test("readAnswer() takes a certificate that has expired by this machine's clock, which may be wrong", () => {
  const { credentials } = read(withCertificate(expired.certificatePem));
  assert.equal(credentials.certificate, expired.certificatePem);
});
