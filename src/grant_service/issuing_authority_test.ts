import assert from "node:assert/strict";
import { test } from "node:test";
import { appError } from "../errors/app_error.ts";
import { createAuthority, loadAuthority } from "../pki/authority.ts";
import { certificatesIn, isSignedBy } from "../pki/certificate.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import { CredentialMaker } from "./client_credentials.ts";
import { issuingKeyLifeMs, openIssuing } from "./issuing_authority.ts";
import type { GrantIssuer, IssuingStore } from "./ledger/backing.ts";
import { openGrantSite } from "../../test/fakes/grant_site.ts";

const made = await createAuthority("skupper-site-ca", { keyType: "rsa", pathLength: 1 });
const root = await loadAuthority(made.certificatePem, made.privateKeyPem);
const { publicKey } = await createKeyPair();
const start = Date.parse("2026-11-28T00:00:00Z");

interface TestStore extends IssuingStore {
  text: string | undefined;
  writes: number;
  /** Called before a write is judged. */
  beforeWrite?: (() => void) | undefined;
}

function memoryStore(text?: string): TestStore {
  return {
    text,
    writes: 0,
    read() {
      const { text } = this;
      return Promise.resolve(text === undefined ? undefined : { text, version: text });
    },
    // deno-lint-ignore require-await -- where it throws, the promise is to
    async write(text, version) {
      this.beforeWrite?.();
      if (this.text !== version) throw appError("conflict", { kind: "Issuing", name: "it" });
      this.text = text;
      this.writes++;
    },
  };
}

test("an issuing authority is made once, and found by whoever comes later", async () => {
  const store = memoryStore();
  const first = await openIssuing(root, store, () => start);
  const second = await openIssuing(root, store, () => start + issuingKeyLifeMs - 1);
  assert.equal(second.certificatePem, first.certificatePem);
  assert.ok(isSignedBy(first.certificatePem, made.certificatePem));
  assert.equal(store.writes, 1);
});

test("after thirty days, and where a clock was ahead, the old key is gone", async () => {
  for (const laterMs of [issuingKeyLifeMs, -2 * 24 * 60 * 60 * 1000]) {
    const store = memoryStore();
    const first = await openIssuing(root, store, () => start);
    const old = JSON.parse(store.text!).privateKeyPem;
    const next = await openIssuing(root, store, () => start + laterMs);
    assert.notEqual(next.certificatePem, first.certificatePem);
    assert.ok(!store.text!.includes(JSON.stringify(old).slice(1, -1)));
  }
});

test("of two services that make one at once, both have the first one's", async () => {
  const store = memoryStore();
  const other = memoryStore();
  const first = await openIssuing(root, other, () => start);
  store.beforeWrite = () => {
    store.text = other.text;
    store.beforeWrite = undefined;
  };
  const second = await openIssuing(root, store, () => start);
  assert.equal(second.certificatePem, first.certificatePem);
});

test("what is damaged, or another authority's, is made anew", async () => {
  const good = memoryStore();
  await openIssuing(root, good, () => start);
  const foreign = await createAuthority("skupper-site-ca", { pathLength: 1 });
  const theirs = memoryStore();
  const foreignRoot = await loadAuthority(foreign.certificatePem, foreign.privateKeyPem);
  await openIssuing(foreignRoot, theirs, () => start);
  const cut = good.text!.slice(0, 300);
  const mixed = JSON.stringify({
    ...JSON.parse(good.text!),
    privateKeyPem: JSON.parse(theirs.text!).privateKeyPem,
  });
  for (const text of ["", "{}", "null", cut, mixed, theirs.text!]) {
    const store = memoryStore(text);
    const authority = await openIssuing(root, store, () => start);
    assert.ok(isSignedBy(authority.certificatePem, made.certificatePem));
    assert.equal(store.writes, 1);
  }
});

async function chainOf(maker: CredentialMaker, issuer: GrantIssuer): Promise<string[]> {
  const site = await openGrantSite({ issuer: () => Promise.resolve(issuer) });
  const request = { name: "east", subject: "east", publicKey: spki, signedAt: start };
  const { body } = await maker.make(site.grant(), site.backing, request);
  const [, base64] = /tls\.crt: (\S+)/.exec(body)!;
  return certificatesIn(atob(base64!));
}

const spki = Uint8Array.from(publicKey.export({ type: "spki", format: "der" }));

test("credentials hold the client's certificate and the issuing one behind it", async () => {
  const [leaf, issuing, ...others] = await chainOf(new CredentialMaker(), {
    ...made,
    issuing: memoryStore(),
  });
  assert.equal(others.length, 0);
  assert.ok(isSignedBy(leaf!, issuing!));
  assert.ok(isSignedBy(issuing!, made.certificatePem));
});

test("where the authority forbids it, or it can't be stored, the authority itself signs", async () => {
  const problems: unknown[] = [];
  const maker = new CredentialMaker({ onProblem: (problem) => problems.push(problem) });
  const flat = await createAuthority("skupper-site-ca");
  const store = memoryStore();
  const byFlat = await chainOf(maker, { ...flat, issuing: store });
  assert.deepEqual([byFlat.length, isSignedBy(byFlat[0]!, flat.certificatePem)], [1, true]);
  assert.deepEqual([store.text, problems.length], [undefined, 0]);

  const full = memoryStore();
  full.beforeWrite = () => {
    throw new Error("no space left on device");
  };
  const byRoot = await chainOf(maker, { ...made, issuing: full });
  assert.deepEqual([byRoot.length, isSignedBy(byRoot[0]!, made.certificatePem)], [1, true]);
  assert.match(String(problems), /no space left/);
});

test("a stored key that is taken away signs for a minute at most", async () => {
  let steady = 0;
  const maker = new CredentialMaker({ steady: () => steady });
  const store = memoryStore();
  const issuer = { ...made, issuing: store };
  const [, first] = await chainOf(maker, issuer);
  store.text = undefined;
  assert.equal((await chainOf(maker, issuer))[1], first);
  steady += 60_001;
  assert.notEqual((await chainOf(maker, issuer))[1], first);
});
