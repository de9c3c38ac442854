import assert from "node:assert/strict";
import { test } from "node:test";
import { TestAuthority } from "../../test/fakes/test_authority.ts";
import { appError } from "../errors/app_error.ts";
import type { BroughtTexts, CertificateTerms } from "./brought_certificate.ts";
import { BroughtIdentity } from "./brought_identity.ts";

const dayMs = 86_400_000;

/** A place whose texts a test changes; undefined: they can't be read. */
async function openPlace(hosts: string[], terms: Partial<CertificateTerms> = {}) {
  const authority = await TestAuthority.make("Trust");
  const { chain, key } = await authority.sign(hosts);
  const place = {
    name: "the place",
    texts: { certificate: chain + authority.root, privateKey: key } as BroughtTexts | undefined,
    read() {
      if (this.texts !== undefined) return Promise.resolve(this.texts);
      return Promise.reject(appError("file-not-found", { file: "the file" }));
    },
  };
  const identity = await BroughtIdentity.open(place, {
    host: undefined,
    pinsNone: false,
    readings: () => [Date.now()],
    systemAuthorities: () => [],
    ...terms,
  });
  return { authority, place, identity };
}

test("what is wrong is told when it was seen twice, and no longer than it lasts", async () => {
  const { authority, place, identity } = await openPlace(["a.example"]);
  const before = place.texts!;
  const next = await authority.sign(["a.example"]);
  const served = await identity.obtain();
  place.texts = { ...before, certificate: next.chain };
  assert.deepEqual(await identity.obtain(), served);
  assert.equal(identity.status.problem, undefined);
  assert.deepEqual(await identity.obtain(), served);
  assert.match(identity.status.problem!, /not served: the private key is not the certificate's/);
  place.texts = undefined;
  await identity.obtain();
  await identity.obtain();
  assert.match(identity.status.problem!, /File the file does not exist/);
  place.texts = { certificate: next.chain + authority.root, privateKey: next.key };
  assert.ok((await identity.obtain()).certificatePem.startsWith(next.chain));
  assert.equal(identity.status.problem, undefined);
  assert.equal(identity.status.notice, undefined);
});

test("a certificate that is about to end, or has ended, is a problem while it is served", async () => {
  let now = Date.now();
  const { identity } = await openPlace(["a.example"], { readings: () => [now] });
  assert.equal(identity.status.problem, undefined);
  now += 57 * dayMs;
  assert.match(identity.status.problem!, /it ends at 20.*, and is not renewed yet/);
  now += 9 * dayMs;
  await identity.obtain();
  assert.match(identity.status.problem!, /it expired at 20.*, and was not renewed/);
});

test("of clocks that disagree, each must say that a certificate is out of time", async () => {
  const clocks = (...days: number[]) => days.map((each) => Date.now() + each * dayMs);
  await openPlace(["a.example"], { readings: () => clocks(90, 0) });
  await openPlace(["a.example"], { readings: () => clocks(-90, 0) });
  await assert.rejects(openPlace(["a.example"], { readings: () => clocks(90, 80) }), /expired/);
  await assert.rejects(openPlace(["a.example"], { readings: () => clocks(-90, -80) }), /before/);
});

test("tokens name what is wanted where the certificate does, and what it lacks later is told", async () => {
  const { authority, place, identity } = await openPlace(["a.example", "*.b.example"]);
  assert.equal(identity.hostFor(undefined), "a.example");
  assert.equal(identity.hostFor("192.0.2.7"), "a.example");
  assert.equal(identity.hostFor("x.b.example"), "x.b.example");
  const next = await authority.sign(["a.example"]);
  place.texts = { certificate: next.chain + authority.root, privateKey: next.key };
  await identity.obtain();
  assert.match(identity.status.notice!, /tokens issued before 20\S+ name x\.b\.example, which/);
});

test("what tokens pin may change as long as one of what they pinned has signed the next", async () => {
  const { authority, place, identity } = await openPlace(["a.example"]);
  const other = await TestAuthority.make("Other");
  const next = await other.sign(["a.example"]);
  place.texts = { ...place.texts!, authorities: authority.root + other.root };
  await identity.obtain();
  assert.deepEqual(identity.status.pins, ["Trust", "Other"]);
  place.texts = { certificate: next.chain, privateKey: next.key, authorities: other.root };
  await identity.obtain();
  assert.deepEqual(identity.status.pins, ["Other"]);
  assert.equal(identity.status.notice, undefined);
  const first = await authority.sign(["a.example"]);
  place.texts = { certificate: first.chain + authority.root, privateKey: first.key };
  await identity.obtain();
  assert.match(identity.status.notice!, /pin Other, which has not signed it: issue them anew/);
});
