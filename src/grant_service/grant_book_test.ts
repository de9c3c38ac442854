import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { canaryCode, openGrantSite } from "../../test/fakes/grant_site.ts";
import { appError, isAppError } from "../errors/app_error.ts";
import { isKeyOfCertificate, isSignedBy, readCertificate } from "../pki/certificate.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import { createRequest } from "../pki/request.ts";
import type { AccessGrant } from "../resources/access_grant.ts";
import { parseResource, readResources } from "../resources/yaml.ts";
import { secretText } from "../resources/secret.ts";
import { GrantBook } from "./grant_book.ts";
import { isDamage } from "./ledger/grant_record.ts";
import { usesSpent } from "./ledger/ledger.ts";
import type { Redeemed, RedeemRequest, Refused } from "./redemption.ts";
import { repeatWindowMs } from "./ledger/redemption_rules.ts";

const code = Buffer.from(canaryCode);

function requestFor(grant: AccessGrant, fields: Partial<RedeemRequest> = {}): RedeemRequest {
  return { key: grant.metadata.uid!, code, name: "east", subject: "east-uid", ...fields };
}

/** A book with one grant of that many uses in it. */
async function openBook(uses = 1, fields: { overrides?: object; spec?: AccessGrant["spec"] } = {}) {
  const site = await openGrantSite(fields.overrides);
  const changed: string[] = [];
  const now = () => site.clock.now;
  const steady = () => site.clock.steady;
  const settled = () => site.clock.settled;
  const options = {
    now,
    steady,
    settled,
    onChanged: (grant: { name: string }) => changed.push(grant.name),
  };
  const book = new GrantBook(options);
  const grant = site.grant({ uses, ...(fields.spec === undefined ? {} : { spec: fields.spec }) });
  await book.upsert(grant, site.backing);
  return {
    ...site,
    makeGrant: site.grant,
    book,
    grant,
    changed,
    reopen: () => new GrantBook(options),
  };
}

function assertRedeemed(answer: Redeemed | Refused): Redeemed {
  assert.equal(answer.outcome, "redeemed", JSON.stringify(answer));
  return answer as Redeemed;
}

function assertRefused(answer: { outcome: string }, reason: string): void {
  assert.deepEqual([answer.outcome, (answer as Refused).reason], ["refused", reason]);
}

function credentialsIn(body: string) {
  const secret = parseResource("Secret", readResources(body, "answer")[0], "answer");
  return {
    certificate: secretText(secret, "tls.crt")!,
    key: secretText(secret, "tls.key"),
    ca: secretText(secret, "ca.crt")!,
  };
}

async function redeemDelivered(book: GrantBook, request: RedeemRequest): Promise<Redeemed> {
  const answer = assertRedeemed(await book.redeem(request));
  answer.settle(true);
  return answer;
}

async function makeCsr(): Promise<Uint8Array> {
  return await createRequest(await createKeyPair(), "east-uid");
}

test("a redemption gives credentials that the site's authority has signed, and spends a use", async () => {
  const { book, grant, authority, changed } = await openBook();
  const { body, repeated } = await redeemDelivered(book, requestFor(grant));
  const { certificate, key, ca } = credentialsIn(body);
  assert.ok(isSignedBy(certificate, authority.certificatePem));
  assert.ok(isKeyOfCertificate(certificate, key!));
  assert.equal(ca, authority.certificatePem);
  assert.equal(readCertificate(certificate).subject, "east-uid");
  assert.equal(repeated, false);
  assert.equal(await book.usesSpent(grant.metadata.uid!), 1);
  assert.deepEqual(changed, ["west-6bfn6"]);
  assertRefused(await book.redeem(requestFor(grant)), "used-up");
  await book.close();
});

test("name and subject default to the grant's name", async () => {
  const { book, grant } = await openBook();
  const answer = await redeemDelivered(book, requestFor(grant, { name: "", subject: "" }));
  assert.deepEqual([answer.name, answer.subject], ["west-6bfn6", "west-6bfn6"]);
  await book.close();
});

test("a wrong code is told from the right one only while the grant can be redeemed", async () => {
  const { book, grant, clock, backing } = await openBook();
  const wrong = requestFor(grant, { code: Buffer.from("wrong") });
  assertRefused(await book.redeem(wrong), "wrong-code");
  assertRefused(await book.inspect({ key: wrong.key, code: wrong.code }), "wrong-code");
  assertRefused(await book.redeem({ ...wrong, key: "none" }), "unknown");
  await redeemDelivered(book, requestFor(grant));
  assertRefused(await book.redeem(wrong), "unknown");
  clock.now += 3_600_000;
  assertRefused(await book.redeem(wrong), "unknown");
  assertRefused(await book.redeem(requestFor(grant)), "expired");
  assert.equal((await backing.ledgers.read(wrong.key))!.ledger.redemptions.length, 1);
  await book.close();
});

test("a grant without code or expiry is not ready yet, one without a valid expiry is corrupted", async () => {
  const { book, backing, grant } = await openBook();
  const { status: _, ...unprocessed } = grant;
  await book.upsert(unprocessed as AccessGrant, backing);
  assertRefused(await book.redeem(requestFor(grant)), "unready");
  assertRefused(await book.redeem(requestFor(grant, { code: Buffer.alloc(0) })), "unready");
  await book.upsert({ ...grant, status: { code: grant.status!.code! } }, backing);
  assertRefused(await book.redeem(requestFor(grant)), "unready");
  assertRefused(await book.redeem(requestFor(grant, { code: Buffer.from("x") })), "unknown");
  const status = { ...grant.status, expirationTime: "tomorrow" };
  await book.upsert({ ...grant, status }, backing);
  assertRefused(await book.redeem(requestFor(grant)), "corrupted");
  assertRefused(await book.redeem(requestFor(grant, { code: Buffer.from("x") })), "unknown");
});

test("inspect() tells uses and expiry and spends nothing", async () => {
  const { book, grant } = await openBook(2);
  for (const usesLeft of [2, 2, 1]) {
    if (usesLeft === 1) await redeemDelivered(book, requestFor(grant));
    const state = await book.inspect({ key: grant.metadata.uid!, code: code });
    const expires = grant.status!.expirationTime!;
    const reference = { namespace: "west", name: "west-6bfn6", uid: grant.metadata.uid! };
    assert.deepEqual(state, { outcome: "redeemable", grant: reference, usesLeft, expires });
  }
  await redeemDelivered(book, requestFor(grant));
  assertRefused(await book.inspect({ key: grant.metadata.uid!, code: code }), "used-up");
  await book.close();
});

test("a redemption that fails costs no use", async () => {
  let failure: Error | undefined = appError("no-endpoints", { namespace: "west" });
  const endpoints = () =>
    failure ? Promise.reject(failure) : Promise.resolve([{ name: "edge", host: "w", port: "1" }]);
  const { book, grant, ledgers } = await openBook(1, { overrides: { endpoints } });
  await assert.rejects(book.redeem(requestFor(grant)), (e) => isAppError(e, "no-endpoints"));
  failure = undefined;
  const request = { ...requestFor(grant), isConnected: () => false };
  assertRefused(await book.redeem(request), "client-gone");
  assertRefused(
    await book.redeem(requestFor(grant, { csr: Buffer.from("no csr") })),
    "csr-invalid",
  );
  ledgers.trouble.before = (call) => {
    if (call === "write") throw new Error("disk full");
  };
  await assert.rejects(book.redeem(requestFor(grant)), (e) => isAppError(e, "ledger-failed"));
  ledgers.trouble = {};
  await redeemDelivered(book, requestFor(grant));
  await book.close();
});

test("an authority that can't sign is told as such and costs no use", async () => {
  const broken = { certificatePem: "no PEM", privateKeyPem: "no PEM either" };
  const issuer = () => Promise.resolve(broken);
  const { book, grant } = await openBook(1, { overrides: { issuer } });
  await assert.rejects(
    book.redeem(requestFor(grant)),
    (error: Error) => isAppError(error, "site-issuer-missing") && !error.message.includes("either"),
  );
  assert.equal(await book.usesSpent(grant.metadata.uid!), 0);
});

test("an answer that was not delivered is given again, byte for byte, and once delivered no more", async () => {
  const { book, grant, ledgers } = await openBook();
  const lost = assertRedeemed(await book.redeem(requestFor(grant)));
  lost.settle(false);
  assertRefused(await book.redeem(requestFor(grant, { subject: "other" })), "used-up");
  assertRefused(await book.redeem(requestFor(grant, { name: "other" })), "used-up");
  const again = await redeemDelivered(book, requestFor(grant));
  assert.equal(again.body, lost.body);
  assert.equal(again.repeated, true);
  assertRefused(await book.redeem(requestFor(grant)), "used-up");
  assert.equal(await book.usesSpent(grant.metadata.uid!), 1);
  assert.ok(ledgers.dump().includes("tls.key"));
  await book.close();
  assert.ok(!ledgers.dump().includes("tls.key"), "the delivered key is erased");
});

test("an answer is given again for 2 minutes, then its key is erased and the use is gone", async () => {
  const { book, grant, clock, ledgers } = await openBook();
  const lost = assertRedeemed(await book.redeem(requestFor(grant)));
  lost.settle(false);
  clock.steady += repeatWindowMs - 1;
  const again = assertRedeemed(await book.redeem(requestFor(grant)));
  assert.equal(again.body, lost.body);
  again.settle(false);
  clock.steady += 1;
  assertRefused(await book.redeem(requestFor(grant)), "used-up");
  assert.ok(ledgers.dump().includes("answer"));
  await book.close();
  assert.ok(!ledgers.dump().includes("answer"));
});

for (const [which, stepMs] of [["forward", 3 * 3_600_000], ["back", -3 * 3_600_000]] as const) {
  test(`a clock that jumps ${which} takes no answer away that was not delivered`, async () => {
    const { book, grant, clock, ledgers, backing, reopen } = await openBook();
    const lost = assertRedeemed(await book.redeem(requestFor(grant)));
    clock.now += stepMs;
    lost.settle(false);
    const again = assertRedeemed(await book.redeem(requestFor(grant)));
    assert.equal(again.body, lost.body);
    again.settle(false);
    await book.close();
    const next = reopen();
    await next.upsert(grant, backing);
    clock.now += stepMs;
    clock.steady += repeatWindowMs - 1;
    assert.equal(assertRedeemed(await next.redeem(requestFor(grant))).body, lost.body);
    clock.steady += 1;
    await next.close();
    assert.ok(!ledgers.dump().includes("answer"), "its time is over all the same");
  });
}

test("a process that dies before the answer finds it again", async () => {
  const { book, grant, backing, reopen, clock } = await openBook();
  const lost = assertRedeemed(await book.redeem(requestFor(grant)));
  const next = reopen();
  await next.upsert(grant, backing);
  const again = await redeemDelivered(next, requestFor(grant));
  assert.equal(again.body, lost.body);
  assertRefused(await next.redeem(requestFor(grant)), "used-up");
  clock.now += 1000;
  await next.close();
});

test("a write that was stored though it failed is found again and spends no second use", async () => {
  const { book, grant, ledgers } = await openBook();
  ledgers.trouble.afterWrite = () => {
    throw new Error("the answer of the store was lost");
  };
  await assert.rejects(book.redeem(requestFor(grant)), (e) => isAppError(e, "ledger-failed"));
  ledgers.trouble = {};
  const answer = await redeemDelivered(book, requestFor(grant));
  assert.equal(answer.repeated, true);
  assert.equal(await book.usesSpent(grant.metadata.uid!), 1);
  await book.close();
});

test("a twin of a request in flight waits and gets its answer if that was lost", async () => {
  const { book, grant } = await openBook(2);
  const first = assertRedeemed(await book.redeem(requestFor(grant)));
  const twin = book.redeem(requestFor(grant));
  const third = book.redeem(requestFor(grant));
  first.settle(false);
  const second = assertRedeemed(await twin);
  assert.deepEqual([second.body, second.repeated], [first.body, true]);
  second.settle(true);
  const fresh = assertRedeemed(await third);
  assert.equal(fresh.repeated, false);
  assert.notEqual(fresh.serial, first.serial);
  fresh.settle(true);
  assertRefused(await book.redeem(requestFor(grant)), "used-up");
  await book.close();
});

test("what another service did to the ledger counts here too", async () => {
  const { book, grant, backing, reopen } = await openBook();
  assertRedeemed(await book.redeem(requestFor(grant))).settle(false);
  const other = reopen();
  await other.upsert(grant, backing);
  const again = await redeemDelivered(other, requestFor(grant));
  assert.equal(again.repeated, true);
  await other.close();
  assertRefused(await book.redeem(requestFor(grant)), "used-up");
  await other.remove("west", "west-6bfn6");
  assertRefused(await book.inspect({ key: grant.metadata.uid!, code: code }), "revoked");
  await book.close();
});

test("a client's own key is signed without a key in the answer, and is one redemption for good", async () => {
  const { book, grant, clock, ledgers, reopen, backing } = await openBook();
  const csr = await makeCsr();
  const [first, twin] = await Promise.all([
    book.redeem(requestFor(grant, { csr })),
    book.redeem(requestFor(grant, { csr })),
  ]).then((answers) => answers.map(assertRedeemed));
  const { certificate, key } = credentialsIn(first!.body);
  assert.equal(key, undefined);
  assert.deepEqual([first!.repeated, twin!.repeated].toSorted(), [false, true]);
  assert.equal(twin!.serial, first!.serial);
  first!.settle(true);
  twin!.settle(false);
  assertRefused(await book.redeem(requestFor(grant, { csr: await makeCsr() })), "used-up");
  clock.now += 3_600_000;
  const next = reopen();
  await next.upsert(grant, backing);
  const again = assertRedeemed(await next.redeem(requestFor(grant, { csr })));
  const facts = readCertificate(credentialsIn(again.body).certificate);
  const { fingerprint: _, ...sameFacts } = readCertificate(certificate);
  assert.deepEqual({ ...facts, fingerprint: undefined }, { ...sameFacts, fingerprint: undefined });
  assert.equal(again.serial, first!.serial);
  assert.equal(await next.usesSpent(grant.metadata.uid!), 1);
  assert.ok(!ledgers.dump().includes("answer"));
  const wrong = requestFor(grant, { csr, code: Buffer.from("wrong") });
  assertRefused(await next.redeem(wrong), "unknown");
});

test("uses that the grant's status showed before count, and more uses may be allowed later", async () => {
  const site = await openGrantSite();
  const book = new GrantBook({ now: () => site.clock.now });
  const grant = site.grant({ uses: 3, status: { redemptions: 2 } });
  await book.upsert(grant, site.backing);
  assert.equal(await book.usesSpent(grant.metadata.uid!), 2);
  await redeemDelivered(book, requestFor(grant));
  assertRefused(await book.redeem(requestFor(grant)), "used-up");
  await book.upsert({ ...grant, spec: { ...grant.spec, redemptionsAllowed: 4 } }, site.backing);
  await redeemDelivered(book, requestFor(grant));
  assert.equal(await book.usesSpent(grant.metadata.uid!), 4);
  await book.close();
});

test("a grant sets how long its certificates live, and a wrong setting costs no use", async () => {
  const spec = { redemptionsAllowed: 1, settings: { "certificate-lifetime": "720h" } };
  const { book, grant, backing, clock } = await openBook(1, { spec });
  const wrong = { ...spec, settings: { "certificate-lifetime": "forever" } };
  await book.upsert({ ...grant, spec: wrong }, backing);
  await assert.rejects(book.redeem(requestFor(grant)), (e) => isAppError(e, "invalid-value"));
  await book.upsert(grant, backing);
  const { body } = await redeemDelivered(book, requestFor(grant));
  const { notAfter } = readCertificate(credentialsIn(body).certificate);
  assert.equal(notAfter.getTime(), clock.now + 720 * 3_600_000);
  await book.close();
});

test("a grant taken away before its time is revoked, to a holder of its code, for good", async () => {
  const { book, grant, backing, reopen, ledgers } = await openBook(3);
  const csr = await makeCsr();
  await redeemDelivered(book, requestFor(grant, { csr }));
  assertRedeemed(await book.redeem(requestFor(grant))).settle(false);
  await book.remove("west", "west-6bfn6");
  await book.remove("west", "west-6bfn6");
  const next = reopen();
  await next.sweep(backing);
  for (const each of [book, next]) {
    assertRefused(await each.redeem(requestFor(grant)), "revoked");
    assertRefused(await each.redeem(requestFor(grant, { csr })), "revoked");
    assertRefused(await each.inspect({ key: grant.metadata.uid!, code: code }), "revoked");
    assertRefused(await each.redeem(requestFor(grant, { code: Buffer.from("x") })), "unknown");
    assert.equal(await each.usesSpent(grant.metadata.uid!), undefined);
  }
  assert.ok(!ledgers.dump().includes("answer"));
  assert.ok(!ledgers.dump().includes(canaryCode));
});

test("a grant that can't be marked as revoked gives nothing all the same", async () => {
  const { book, grant, ledgers } = await openBook();
  ledgers.trouble.before = () => {
    throw new Error("disk full");
  };
  await assert.rejects(book.remove("west", "west-6bfn6"), (e) => isAppError(e, "ledger-failed"));
  ledgers.trouble = {};
  assertRefused(await book.redeem(requestFor(grant)), "unready");
  await book.remove("west", "west-6bfn6");
  assert.ok(ledgers.dump().includes("revokedAt"));
  assertRefused(await book.redeem(requestFor(grant)), "revoked");
});

test("a grant whose ledger can't be read is not unknown: its holder may come again", async () => {
  const { grant, backing, ledgers, book, reopen } = await openBook();
  const csr = await makeCsr();
  const first = assertRedeemed(await book.redeem(requestFor(grant, { csr })));
  const next = reopen();
  ledgers.trouble.before = () => {
    throw new Error("input/output error");
  };
  await assert.rejects(next.upsert(grant, backing), (e) => isAppError(e, "ledger-failed"));
  const request = requestFor(grant, { csr });
  await assert.rejects(next.redeem(request), (e) => isAppError(e, "ledger-failed"));
  ledgers.trouble = {};
  await next.upsert(grant, backing);
  const again = assertRedeemed(await next.redeem(request));
  assert.deepEqual([again.serial, again.repeated], [first.serial, true]);
  await book.close();
});

test("answers left by an earlier process are seen to once their ledger can be read", async () => {
  const { grant, backing, ledgers, book, reopen, clock } = await openBook();
  assertRedeemed(await book.redeem(requestFor(grant)));
  const next = reopen();
  ledgers.trouble.before = () => {
    throw new Error("input/output error");
  };
  await assert.rejects(next.upsert(grant, backing));
  ledgers.trouble = {};
  await next.upsert(grant, backing);
  clock.steady += repeatWindowMs;
  await next.close();
  assert.ok(!ledgers.dump().includes("answer"));
});

test("a use that the grant's status knows of stays spent where its ledger was put back", async () => {
  const { book, grant, backing, ledgers, reopen } = await openBook(2);
  await redeemDelivered(book, requestFor(grant, { name: "u1" }));
  const copy = ledgers.copy();
  await redeemDelivered(book, requestFor(grant, { name: "u2" }));
  await book.close();
  ledgers.restore(copy);
  const next = reopen();
  const mirrored = { ...grant, status: { ...grant.status, redemptions: 2 } };
  await next.upsert(mirrored, backing);
  assert.equal(await next.usesSpent(grant.metadata.uid!), 2);
  assertRefused(await next.redeem(requestFor(grant, { name: "u3" })), "used-up");
  const more = { ...mirrored, spec: { ...grant.spec, redemptionsAllowed: 3 } };
  await next.upsert(more, backing);
  await redeemDelivered(next, requestFor(grant, { name: "u3" }));
  assertRefused(await next.redeem(requestFor(grant, { name: "u4" })), "used-up");
  await next.close();
  const last = reopen();
  await last.upsert({ ...more, status: { ...grant.status, redemptions: 0 } }, backing);
  assertRefused(await last.redeem(requestFor(grant, { name: "u5" })), "used-up");
  await last.close();
});

test("a use that this process has seen spent stays so where the ledger is put back meanwhile", async () => {
  const { book, grant, ledgers } = await openBook(2);
  await redeemDelivered(book, requestFor(grant, { name: "u1" }));
  const copy = ledgers.copy();
  await redeemDelivered(book, requestFor(grant, { name: "u2" }));
  ledgers.restore(copy);
  assertRefused(await book.redeem(requestFor(grant, { name: "u3" })), "used-up");
  await book.close();
});

test("a ledger that was put back is written with the uses that are spent, whatever is written", async () => {
  const { book, grant, backing, ledgers, reopen } = await openBook(3);
  assert.equal((await book.redeem(requestFor(grant, { name: "u1" }))).outcome, "redeemed");
  const copy = ledgers.copy();
  await redeemDelivered(book, requestFor(grant, { name: "u2" }));
  ledgers.restore(copy);
  const next = reopen();
  const mirrored = { ...grant, status: { ...grant.status, redemptions: 2 } };
  await next.upsert(mirrored, backing);
  const again = await next.redeem(requestFor(grant, { name: "u1" }));
  assert.ok(again.outcome === "redeemed" && again.repeated);
  again.settle(true);
  // erases the answer, and spends nothing
  await next.close();
  const stored = await ledgers.read(grant.metadata.uid!);
  assert.equal(usesSpent(stored!.ledger), 2);
  assert.ok(!ledgers.dump().includes("answer"));
});

test("a service that no news reach calls no grant unknown", async () => {
  let isCurrent = false;
  const book = new GrantBook({ service: "a", news: { isCurrent: () => isCurrent } });
  const request = { key: "none", code, name: "east", subject: "east" };
  const refused = await book.redeem(request);
  assert.equal(refused.outcome === "refused" && refused.reason, "unready");
  isCurrent = true;
  assertRefused(await book.redeem(request), "unknown");
});

test("a client that goes while another service is first to write spends no use", async () => {
  const { book, grant, ledgers } = await openBook(2);
  let isConnected = true;
  ledgers.trouble.before = (call) => {
    if (call !== "write" || !isConnected) return;
    isConnected = false;
    throw appError("conflict", { kind: "Ledger", name: "west" });
  };
  const request = requestFor(grant, { isConnected: () => isConnected });
  assertRefused(await book.redeem(request), "client-gone");
  assert.equal(await book.usesSpent(grant.metadata.uid!), 0);
  await book.close();
});

test("a grant whose ledger is damaged is closed: its holder is told, nobody else", async () => {
  const { book, grant, backing, ledgers, reopen } = await openBook(2);
  await redeemDelivered(book, requestFor(grant));
  await book.close();
  ledgers.trouble.before = () => {
    throw appError("ledger-damaged", { where: "ledger" });
  };
  const next = reopen();
  await assert.rejects(next.upsert(grant, backing), isDamage);
  assert.equal(next.damaged, 1);
  assertRefused(await next.redeem(requestFor(grant)), "damaged");
  assertRefused(await next.inspect({ key: grant.metadata.uid!, code: code }), "damaged");
  assertRefused(await next.redeem(requestFor(grant, { code: Buffer.from("x") })), "unknown");
  await next.remove("west", grant.metadata.name);
  assertRefused(await next.redeem(requestFor(grant)), "revoked");
  assert.equal(next.damaged, 0);
  await next.close();
});

test("a grant that is back before its end could be recorded is served again", async () => {
  const { book, grant, backing, ledgers } = await openBook();
  ledgers.trouble.before = () => {
    throw new Error("disk full");
  };
  await assert.rejects(book.remove("west", "west-6bfn6"));
  ledgers.trouble = {};
  await book.upsert(grant, backing);
  await redeemDelivered(book, requestFor(grant));
  await book.close();
});

test("a ledger that can't be read keeps no other from being swept", async () => {
  const { book, grant, backing, ledgers, makeGrant, reopen, clock } = await openBook();
  const other = makeGrant({ name: "other" });
  await book.upsert(other, backing);
  for (const one of [grant, other]) await redeemDelivered(book, requestFor(one));
  await book.close();
  const [damaged, whole] = await ledgers.list();
  const read = ledgers.read.bind(ledgers);
  ledgers.read = (uid) => uid === damaged ? Promise.reject(new Error("damaged")) : read(uid);
  clock.settled = clock.now + 3_600_000;
  await assert.rejects(reopen().sweep(backing), /damaged/);
  assert.deepEqual(await ledgers.list(), [damaged]);
  assert.notEqual(damaged, whole);
});

test("a grant made anew under the same name takes the place of the one before", async () => {
  const { book, grant, backing, makeGrant } = await openBook();
  const anew = makeGrant();
  await book.upsert(anew, backing);
  assertRefused(await book.redeem(requestFor(grant)), "revoked");
  await redeemDelivered(book, requestFor(anew));
  await book.close();
});

test("ledgers are swept once their grants' expiry is settled, and not by a clock alone", async () => {
  const { book, grant, backing, clock, ledgers } = await openBook();
  const uid = grant.metadata.uid!;
  await redeemDelivered(book, requestFor(grant));
  clock.now += 16 * 60_000;
  await book.remove("west", "west-6bfn6");
  assertRefused(await book.redeem(requestFor(grant)), "unknown");
  clock.now += 48 * 3_600_000;
  await book.sweep(backing);
  assert.deepEqual(await ledgers.list(), [uid]);
  clock.settled = clock.now;
  await book.sweep(backing);
  assert.deepEqual(await ledgers.list(), []);
});

for (const uses of [1, 3, 50]) {
  for (const withCsr of [false, true]) {
    const who = withCsr ? "clients with their own keys" : "clients";
    test(`${uses} uses give ${uses} credentials to 80 ${who} at two services, whatever fails`, async () => {
      const { book, grant, backing, reopen, ledgers } = await openBook(uses);
      const other = reopen();
      await other.upsert(grant, backing);
      let calls = 0;
      ledgers.trouble = {
        async before(call) {
          calls++;
          await new Promise((resolve) => setTimeout(resolve, calls % 3));
          if (call === "write" && calls % 7 === 0) throw new Error("disk full");
          if (call === "write" && calls % 5 === 0) {
            throw appError("conflict", { kind: "Ledger", name: "west-6bfn6" });
          }
        },
        afterWrite() {
          if (calls % 11 === 0) throw new Error("connection lost");
        },
      };
      const serials = new Set<string>();
      const refusals = new Set<string>();
      await Promise.all(Array.from({ length: 80 }, async (_, number) => {
        const fields = { name: `east-${number}`, ...(withCsr ? { csr: await makeCsr() } : {}) };
        for (let attempt = number;; attempt++) {
          const service = attempt % 2 === 0 ? book : other;
          const answer = await service.redeem(requestFor(grant, fields)).catch((error) => {
            assert.ok(isAppError(error, "ledger-failed"), String(error));
            return undefined;
          });
          if (answer === undefined) continue;
          if (answer.outcome === "refused") return void refusals.add(answer.reason);
          // every third client loses its first answer
          const delivered = attempt !== number || number % 3 !== 0;
          answer.settle(delivered);
          if (delivered) return void serials.add(answer.serial);
        }
      }));
      assert.equal(serials.size, uses);
      assert.deepEqual([...refusals], ["used-up"]);
      ledgers.trouble = {};
      assert.equal((await ledgers.read(grant.metadata.uid!))!.ledger.redemptions.length, uses);
      await Promise.all([book.close(), other.close()]);
      assert.ok(!ledgers.dump().includes("answer"));
    });
  }
}

test("redemptions that wait for a slow store are committed together", async () => {
  const { book, grant, ledgers } = await openBook(100);
  let open = () => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  ledgers.trouble.before = () => opened;
  const signed = new Set<string>();
  const redeem = (name: string) =>
    book.redeem(requestFor(grant, {
      name,
      // asked once its credentials are made, just before it waits for the store
      isConnected: () => {
        if (signed.add(name).size === 100) open();
        return true;
      },
    }));
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, number) => redeem(`east-${number}`)),
  );
  for (const answer of answers) assertRedeemed(answer).settle(true);
  // the first alone, and all that came meanwhile
  assert.equal(ledgers.writes, 2);
  await book.close();
});
