import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { LedgerSecrets } from "../../platforms/kubernetes/controller/ledger_secrets.ts";
import { pack } from "../../platforms/kubernetes/controller/ledger_text.ts";
import { appError, isAppError } from "../../src/errors/app_error.ts";
import {
  allRedemptions,
  type Ledger,
  type Redemption,
  usesSpent,
} from "../../src/grant_service/ledger/ledger.ts";
import { LedgerQueue } from "../../src/grant_service/ledger/ledger_queue.ts";
import { addRedemption } from "../../src/grant_service/ledger/redemption_list.ts";
import { memoryPlatform } from "../../src/platform/memory.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { Secret } from "../../src/resources/secret.ts";

const { signal } = new AbortController();
const uid = "0f3b4a52-8f0c-4a8e-9d8f-2a1f6a1f0e11";
const headName = `hawser-ledger-${uid}`;
const smallSizes = { close: 10, most: 20 };

/** What a test has happen to a write of a Secret: before it is stored, or after. */
interface Faults {
  before?: ((secret: Secret) => void) | undefined;
  after?: ((secret: Secret) => void) | undefined;
}

function openCluster() {
  const memory = memoryPlatform("west", "kubernetes");
  const faults: Faults = {};
  const clock = { steady: 0 };
  const written: Secret[] = [];
  const platform: Platform = {
    ...memory,
    async apply(resource, ...rest) {
      const secret = structuredClone(resource) as unknown as Secret;
      faults.before?.(secret);
      const stored = await memory.apply(resource, ...rest);
      written.push(secret);
      faults.after?.(secret);
      return stored;
    },
  };
  const open = (sizes = smallSizes) =>
    new LedgerSecrets(platform, signal, { sizes, steady: () => clock.steady });
  const secrets = () => memory.list("Secret", signal);
  const pages = async () => (await secrets()).filter(({ metadata }) => metadata.name !== headName);
  return { memory, faults, clock, written, open, pages, platform };
}

const isPage = ({ metadata }: Secret) => metadata.name !== headName;
const lost = () => {
  throw appError("api-failed", { url: "https://cluster", status: 504, message: "lost" });
};

function redemption(number: number, fields: Partial<Redemption> = {}): Redemption {
  const keyHash = Buffer.from(`key ${number} of a client, hashed`).toString("base64url");
  const at = "2026-01-01T00:00:00.000Z";
  return { keyHash, name: `east-${number}`, subject: "east", serial: `5${number}`, at, ...fields };
}

function ledgerOf(redemptions: Redemption[]): Ledger {
  return { grantUid: uid, grantName: "west-6bfn6", counted: 0, redemptions };
}

const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => redemption(from + index));

/** A process that redeems. */
function openQueue(store: LedgerSecrets) {
  const queue = new LedgerQueue(() => store, uid, () => ledgerOf([]));
  const redeem = (number: number, fields?: Partial<Redemption>) =>
    queue.update((ledger) => {
      const redemptions = addRedemption(ledger.redemptions, redemption(number, fields));
      return { ledger: { ...ledger, redemptions }, result: undefined };
    });
  return { queue, redeem };
}

async function readAll(store: LedgerSecrets): Promise<Ledger> {
  return (await store.read(uid))!.ledger;
}

function assertHolds(ledger: Ledger, numbers: number[]): void {
  const wanted = numbers.map((number) => redemption(number).serial);
  assert.deepEqual(
    allRedemptions(ledger).map(({ serial }) => serial).toSorted(),
    wanted.toSorted(),
  );
  assert.equal(usesSpent(ledger), numbers.length);
  const open = new Map(ledger.redemptions.map((each) => [each.keyHash, each]));
  for (const number of numbers) {
    const { keyHash, serial } = redemption(number);
    const found = open.get(keyHash) ?? ledger.closed?.find(keyHash!);
    assert.equal(found?.serial, serial);
  }
  assert.equal(ledger.closed?.find(redemption(-1).keyHash!), undefined);
}

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

test("a commit writes as much after thousands of redemptions as after a few", async () => {
  const { open, written, pages } = openCluster();
  const { redeem } = openQueue(open({ close: 50, most: 400 }));
  for (let number = 0; number < 3000; number++) await redeem(number);
  const bytes = written.filter((secret) => !isPage(secret))
    .map(({ data }) => Buffer.from(data!["head"] ?? data!["ledger"]!, "base64").length);
  const most = (from: number, to: number) => Math.max(...bytes.slice(from, to));
  assert.ok(most(2000, 3000) < 1.2 * most(100, 200), `${most(100, 200)}, ${most(2000, 3000)}`);
  assert.equal((await pages()).length, 59);
  assertHolds(await readAll(open()), upTo(3000));
});

test("an old ledger, whole in one Secret, is carried over as it is written", async () => {
  const { memory, open, pages } = openCluster();
  const bytes = await pack(ledgerOf(many(100)));
  await memory.apply<"Secret">({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: headName },
    data: { ledger: bytes.toString("base64") },
  }, signal);
  const { redeem } = openQueue(open());
  for (let number = 100; number < 110; number++) await redeem(number);
  const ledger = await readAll(open());
  assertHolds(ledger, upTo(110));
  assert.ok(ledger.redemptions.length < smallSizes.close + 1, String(ledger.redemptions.length));
  assert.ok((await pages()).every(({ metadata }) => metadata["ownerReferences"] !== undefined));
  // who knows of no pages finds nothing it could take for a ledger
  assert.equal((await memory.get("Secret", headName, signal))?.data?.["ledger"], undefined);
});

test("an answer that is kept stays in the head, and so does what came after it", async () => {
  const { open } = openCluster();
  const { redeem } = openQueue(open());
  const nameless = { keyHash: undefined as never, name: "east", subject: "east" };
  await redeem(0, { ...nameless, answer: "holds a key" });
  for (let number = 1; number < 12; number++) await redeem(number);
  await redeem(12, nameless);
  for (let number = 13; number < 40; number++) await redeem(number);
  const { closed, redemptions } = await readAll(open());
  const serials = redemptions.map(({ serial }) => serial);
  assert.deepEqual(serials.slice(0, 2), [redemption(0).serial, redemption(12).serial]);
  assert.equal(closed!.count + redemptions.length, 40);
});

test("a page turned twice is turned once", async () => {
  const { open, pages } = openCluster();
  const [first, second] = [open(), open()];
  await first.write(ledgerOf(many(12)), undefined);
  const [mine, theirs] = [(await first.read(uid))!, (await second.read(uid))!];
  const [turned, again] = [await first.close(mine.ledger), await second.close(theirs.ledger)];
  assert.equal((await pages()).length, 1);
  const grow = (ledger: Ledger, number: number) => ({
    ...ledger,
    redemptions: [...ledger.redemptions, redemption(number)],
  });
  await first.write(grow(turned, 12), mine.version);
  await assert.rejects(
    second.write(grow(again, 13), theirs.version),
    (error) => isAppError(error, "conflict"),
  );
  assertHolds(await readAll(second), upTo(13));
});

test("a page whose head was never written counts for nothing, and is taken later", async () => {
  const { faults, open, pages } = openCluster();
  const { redeem } = openQueue(open());
  for (let number = 0; number < 10; number++) await redeem(number);
  faults.before = (secret) => void (isPage(secret) || lost()); // killed between the two
  await assert.rejects(redeem(10));
  faults.before = undefined;
  assert.equal((await pages()).length, 1);
  assertHolds(await readAll(open()), upTo(10));
  await openQueue(open()).redeem(11);
  assert.equal((await pages()).length, 1);
  assertHolds(await readAll(open()), [...upTo(10), 11]);
});

test("a head without its page is damage, and so is a page that was changed", async () => {
  for (const how of ["gone", "changed", "another's"]) {
    const { memory, open, pages } = openCluster();
    const { redeem } = openQueue(open());
    for (let number = 0; number < 35; number++) await redeem(number);
    const [page, other] = await pages();
    const { name } = page!.metadata;
    if (how === "gone") await memory.remove("Secret", name, signal);
    const bytes = Buffer.from(page!.data!["page"]!, "base64");
    bytes[20]! ^= 1;
    const data = { page: how === "changed" ? bytes.toString("base64") : other!.data!["page"]! };
    if (how !== "gone") await memory.apply<"Secret">({ ...page!, data }, signal);
    await assert.rejects(open().read(uid), (error) => isAppError(error, "ledger-damaged"), how);
  }
});

test("a page that can't be stored, or whose answer is lost, holds up no redemption", async () => {
  for (const fault of ["before", "after"] as const) {
    const { faults, clock, open, pages } = openCluster();
    const { redeem } = openQueue(open());
    faults[fault] = (secret) => void (isPage(secret) && lost());
    for (let number = 0; number < 30; number++) await redeem(number);
    assert.equal((await readAll(open())).closed, undefined);
    assert.equal((await pages()).length, fault === "before" ? 0 : 1);
    faults[fault] = undefined;
    clock.steady += 5001;
    await redeem(30);
    const ledger = await readAll(open());
    assert.ok(ledger.closed!.count >= 10);
    assertHolds(ledger, upTo(31));
  }
});

test("a write of the head whose answer is lost is found by the next", async () => {
  const { faults, open } = openCluster();
  const { redeem } = openQueue(open());
  for (let number = 0; number < 10; number++) await redeem(number);
  faults.after = (secret) => void (isPage(secret) || lost());
  await assert.rejects(redeem(10));
  faults.after = undefined;
  await redeem(11);
  assertHolds(await readAll(open()), upTo(12));
});

test("a page's name with another content is no page", async () => {
  const { memory, faults, open } = openCluster();
  const { redeem } = openQueue(open());
  for (let number = 0; number < 10; number++) await redeem(number);
  const squat: { done?: Promise<unknown> } = {};
  faults.before = (secret) => {
    if (!isPage(secret)) return;
    const data = { page: Buffer.from("something else").toString("base64") };
    squat.done ??= memory.apply<"Secret">({ ...secret, data }, signal);
  };
  await redeem(10);
  await squat.done;
  const ledger = await readAll(open());
  assert.equal(ledger.closed, undefined);
  assertHolds(ledger, upTo(11));
});
