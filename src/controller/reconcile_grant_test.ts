import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryLedgerStore } from "../../test/fakes/memory_ledger_store.ts";
import { appError } from "../errors/app_error.ts";
import type { AuditEvent } from "../grant_service/audit.ts";
import type { GrantBacking } from "../grant_service/ledger/backing.ts";
import { GrantBook } from "../grant_service/grant_book.ts";
import type { Ledger } from "../grant_service/ledger/ledger.ts";
import { memoryPlatform } from "../platform/memory.ts";
import type { PendingKeys } from "../platform/abilities.ts";
import type { Platform } from "../platform/platform.ts";
import type { AccessGrant } from "../resources/access_grant.ts";
import type { Site } from "../resources/site.ts";
import type { Announcement } from "./announcement.ts";
import type { GrantAddress } from "./home.ts";
import { type GrantWork, noGrantsYet, reconcileGrant } from "./reconcile_grant.ts";

const apiVersion = "skupper.io/v2alpha1";
const never = new AbortController().signal;
const start = Date.parse("2026-11-22T12:00:00.700Z");
const change = { kind: "AccessGrant", namespace: "west", name: "g" } as const;

/** A namespace in memory and what reconciles its grants, at a time that the test sets. */
function openWest(sitePart: Site["spec"] | "no site" = {}) {
  const platform = memoryPlatform("west");
  const ledgers = memoryLedgerStore();
  const backing: GrantBacking = {
    namespace: "west",
    ledgers,
    issuer: () => Promise.reject(new Error("nothing is signed here")),
    endpoints: () => Promise.reject(new Error("nothing is linked here")),
  };
  const state = {
    now: start,
    settled: -Infinity,
    address: { url: "https://west.example:9090", ca: "CA" } as GrantAddress,
    audited: [] as AuditEvent[],
    announced: [] as Announcement[],
  };
  const book = new GrantBook({ now: () => state.now });
  const namespace = { platform, backing, pendingKeys: {} as PendingKeys }; // no token is redeemed
  const work: GrantWork = {
    home: {
      open: () => Promise.resolve(namespace),
      namespaces: () => Promise.resolve(["west"]),
      changes: () => assert.fail("not asked for by a reconciler"),
    },
    book,
    audit: (event) => state.audited.push(event),
    isAlone: true,
    ...noGrantsYet(),
    announce: (announcement) => void state.announced.push(announcement),
    addresses: { of: () => Promise.resolve(state.address) },
    now: () => state.now,
    settled: () => state.settled,
  };
  const sited = sitePart === "no site" ? Promise.resolve() : platform.apply<"Site">(
    { apiVersion, kind: "Site", metadata: { name: "west" }, spec: sitePart },
    never,
  );

  async function reconcile() {
    await sited;
    return await reconcileGrant(change, work, never);
  }
  async function reconciled(): Promise<NonNullable<AccessGrant["status"]>> {
    await reconcile();
    return (await platform.get("AccessGrant", "g", never))!.status!;
  }
  return { platform, ledgers, book, state, work, reconcile, reconciled };
}

async function putGrant(platform: Platform, spec: AccessGrant["spec"], status = {}) {
  const grant: AccessGrant = { apiVersion, kind: "AccessGrant", metadata: { name: "g" }, spec };
  const before = await platform.get("AccessGrant", "g", never);
  const stored = { ...grant, status: before?.status ?? status };
  return await platform.apply<"AccessGrant">(stored, never);
}

/** A ledger with one redemption in it, begun when `counted` uses were spent. */
function ledgerOf(grantUid: string, counted: number): Ledger {
  const redemption = { name: "a", subject: "a", serial: "01", at: "2026-11-22T12:00:00Z" };
  return { grantUid, grantName: "g", counted, redemptions: [redemption] };
}

function code(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

test("a grant gets the status upstream gives it, and is served", async () => {
  const { platform, book, state, reconciled } = openWest();
  const { metadata: { uid } } = await putGrant(platform, { redemptionsAllowed: 3 });
  const { code: generated, ...status } = await reconciled();
  assert.match(generated!, /^[A-Za-z0-9]{24}$/);
  const good = {
    status: "True",
    observedGeneration: 1,
    lastTransitionTime: "2026-11-22T12:00:00Z",
    reason: "Ready",
    message: "OK",
  };
  assert.deepEqual(status, {
    conditions: ["Processed", "Ready", "Resolved"].map((type) => ({ type, ...good })),
    status: "Ready",
    message: "OK",
    url: `https://west.example:9090/${uid}`,
    ca: "CA",
    redemptions: 0,
    expirationTime: "2026-11-22T12:15:00Z",
  });
  const found = await book.inspect({ key: uid!, code: code(generated!) });
  assert.equal(found.outcome === "redeemable" && found.usesLeft, 3);
  assert.deepEqual(state.audited, [{ event: "issued", namespace: "west", grant: "g", uid }]);
});

test("a grant is served before its status announces it", async () => {
  const { platform, book, reconcile } = openWest();
  const { metadata: { uid } } = await putGrant(platform, { code: "mine" });
  const { apply } = platform;
  let outcome: string | undefined;
  platform.apply = async (resource, signal) => {
    outcome = (await book.inspect({ key: uid!, code: code("mine") })).outcome;
    return await apply(resource, signal);
  };
  await reconcile();
  assert.equal(outcome, "redeemable");
});

test("a second look changes nothing", async () => {
  const { platform, state, reconciled } = openWest();
  await putGrant(platform, {});
  await reconciled();
  const before = await platform.get("AccessGrant", "g", never);
  state.now += 60_000;
  await reconciled();
  assert.deepEqual(await platform.get("AccessGrant", "g", never), before);
  assert.equal(state.audited.length, 1);
});

test("code and window count when they are changed later", async () => {
  const { platform, book, state, reconciled } = openWest();
  const { metadata: { uid } } = await putGrant(platform, { expirationWindow: "1h30m" });
  assert.equal((await reconciled()).expirationTime, "2026-11-22T13:30:00Z");
  state.now += 120_000;
  await putGrant(platform, { expirationWindow: "10m", code: "mine" });
  const status = await reconciled();
  assert.equal(status.expirationTime, "2026-11-22T12:10:00Z");
  assert.equal(status.code, "mine");
  assert.equal(status.conditions?.[0]?.observedGeneration, 2);
  assert.equal((await book.inspect({ key: uid!, code: code("mine") })).outcome, "redeemable");
});

test("a window that is none is an error, until it is mended", async () => {
  for (const bad of ["1d", "-5m", "soon", "99999999h"]) {
    const { platform, state, reconciled } = openWest();
    const { metadata: { uid } } = await putGrant(platform, { expirationWindow: bad });
    const status = await reconciled();
    await reconciled();
    const about = { ...change, uid };
    assert.deepEqual(state.announced, [
      { about, reason: "Invalid", message: status.message, isProblem: true },
    ]);
    assert.equal(status.status, "Error");
    assert.ok(status.message!.startsWith(`Invalid duration "${bad}": `), bad);
    assert.equal(status.expirationTime, undefined);
    const states = status.conditions!.map(({ status, reason }) => `${status} ${reason}`);
    assert.deepEqual(states, ["False Error", "False Error", "True Ready"]);
    await putGrant(platform, { expirationWindow: "15m" });
    assert.equal((await reconciled()).status, "Ready");
  }
});

test("an edge site's grant is an error", async () => {
  const { platform, reconciled } = openWest({ edge: true });
  await putGrant(platform, { expirationWindow: "1d" });
  const { status, message } = await reconciled();
  assert.equal(status, "Error");
  assert.match(message!, /^Edge sites cannot accept incoming links from remote sites, Invalid/);
});

test("a grant waits for its site, and for an address", async () => {
  const { platform, state, reconciled } = openWest("no site");
  await putGrant(platform, {});
  let status = await reconciled();
  assert.equal(status.status, "Pending");
  assert.equal(status.message, 'There is no site in namespace "west"');
  await platform.apply<"Site">({ apiVersion, kind: "Site", metadata: { name: "west" } }, never);
  state.address = { url: undefined, ca: "CA" };
  status = await reconciled();
  assert.equal(
    status.message,
    "No address of the grant service is known, give one with --grant-host",
  );
  assert.deepEqual(state.audited, []);
  state.address = { url: "https://10.0.0.1:9091", ca: "CA" };
  assert.equal((await reconciled()).status, "Ready");
});

test("a grant is issued once, however often it is ready anew", async () => {
  const { platform, state, work, reconciled } = openWest();
  await putGrant(platform, {});
  const address = state.address;
  state.address = { url: undefined, ca: "CA" };
  assert.equal((await reconciled()).status, "Pending");
  state.now += 5000;
  for (const isRestarted of [false, true]) {
    state.address = address;
    assert.equal((await reconciled()).status, "Ready");
    assert.deepEqual(state.audited.map(({ event }) => event), ["issued"]);
    state.now += isRestarted ? 1000 : 0;
    state.address = { url: undefined, ca: "CA" };
    assert.equal((await reconciled()).status, "Pending");
    if (isRestarted) work.issued.clear();
  }
  state.address = address;
  assert.equal((await reconciled()).status, "Ready");
  assert.deepEqual(state.audited.map(({ event }) => event), ["issued"]);
});

test("redemptions follow the ledger, and never fall below what the status showed", async () => {
  const { platform, ledgers, reconciled } = openWest();
  const { metadata: { uid } } = await putGrant(platform, {}, { redemptions: 2 });
  await ledgers.write(ledgerOf(uid!, 2), undefined);
  assert.equal((await reconciled()).redemptions, 3);
  const other = openWest();
  const grant = await putGrant(other.platform, {}, { redemptions: 2 });
  await other.ledgers.write(ledgerOf(grant.metadata.uid!, 0), undefined);
  assert.equal((await other.reconciled()).redemptions, 2);
});

test("a grant that is gone is served no more", async () => {
  const { platform, book, reconcile } = openWest();
  const { metadata: { uid } } = await putGrant(platform, { code: "mine" });
  await reconcile();
  await platform.remove("AccessGrant", "g", never);
  assert.deepEqual(await reconcile(), {});
  const found = await book.inspect({ key: uid!, code: code("mine") });
  assert.equal(found.outcome === "refused" && found.reason, "revoked");
});

test("a grant whose site and ledger are away is let go, and not called revoked", async () => {
  const { platform, ledgers, book, reconcile } = openWest();
  const { metadata: { uid } } = await putGrant(platform, { code: "mine" });
  await reconcile();
  await platform.remove("AccessGrant", "g", never);
  ledgers.trouble.before = () => {
    throw appError("site-missing", { namespace: "west", purpose: "redeem a token" });
  };
  assert.deepEqual(await reconcile(), { againInMs: 5000 });
  const found = await book.inspect({ key: uid!, code: code("mine") });
  assert.equal(found.outcome === "refused" && found.reason, "unready");
  ledgers.trouble = {};
  assert.deepEqual(await reconcile(), {});
  const later = await book.inspect({ key: uid!, code: code("mine") });
  assert.equal(later.outcome === "refused" && later.reason, "revoked");
});

test("an expired grant goes once its expiry is settled, with its ledger", async () => {
  const { platform, ledgers, state, reconcile } = openWest();
  const { metadata: { uid } } = await putGrant(platform, { expirationWindow: "0s" });
  await reconcile();
  await ledgers.write(ledgerOf(uid!, 0), (await ledgers.read(uid!))?.version);
  state.now += 365 * 24 * 3_600_000;
  await reconcile();
  assert.ok(await platform.get("AccessGrant", "g", never), "a clock alone takes nothing away");
  assert.equal((await ledgers.list()).length, 1);
  state.settled = start;
  assert.deepEqual(await reconcile(), {});
  assert.equal(await platform.get("AccessGrant", "g", never), undefined);
  assert.deepEqual(await ledgers.list(), []);
  assert.deepEqual(state.announced.map(({ reason }) => reason), ["Removed"]);
});

test("a grant whose ledger is damaged says so, keeps its count and expiry, and is ready again after", async () => {
  const { platform, ledgers, reconciled, state } = openWest();
  await putGrant(platform, {}, { redemptions: 1 });
  ledgers.trouble.before = () => {
    throw appError("ledger-damaged", { where: "the ledger" });
  };
  const closed = await reconciled();
  assert.equal(closed.status, "Error");
  assert.match(closed.message!, /damaged: the ledger/);
  assert.equal(closed.redemptions, 1);
  assert.equal(state.announced.at(-1)!.isProblem, true);
  ledgers.trouble = {};
  state.now += 60_000;
  const open = await reconciled();
  assert.equal(open.status, "Ready");
  assert.equal(open.redemptions, 1);
  assert.equal(open.expirationTime, closed.expirationTime);
});
