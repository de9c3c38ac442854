import assert from "node:assert/strict";
import { test } from "node:test";
import { isAppError } from "../../src/errors/app_error.ts";
import type { LedgerStore } from "../../src/grant_service/ledger/backing.ts";
import type { Ledger, Redemption } from "../../src/grant_service/ledger/ledger.ts";

/** A store under test, and how to be rid of it. */
export interface OpenedLedgerStore {
  store: LedgerStore;
  /** A second handle on the same ledgers, as another process or the next one would have. */
  again(): Promise<LedgerStore> | LedgerStore;
  /** A version that no ledger has. */
  unknownVersion?: string;
  /**
   * Changes a byte of the stored ledger, behind the store's back; undefined where none could be
   * noticed.
   */
  damage?(grantUid: string): Promise<void>;
  close(): Promise<void> | void;
}

const uid = "0f3b4a52-8f0c-4a8e-9d8f-2a1f6a1f0e11";
const otherUid = "7c1f0b9e-6a51-4c53-8a39-0f6ad9f3b1aa";

function emptyLedger(grantUid = uid): Ledger {
  return { grantUid, grantName: "west-6bfn6", counted: 0, redemptions: [] };
}

function redemption(number: number, fields: Partial<Redemption> = {}): Redemption {
  const at = "2026-01-01T00:00:00.000Z";
  return { name: `east-${number}`, subject: "east", serial: `5${number}`, at, ...fields };
}

function isConflict(error: unknown): boolean {
  return isAppError(error, "conflict");
}

/**
 * What every LedgerStore promises (src/grant_service/ledger/backing.ts), as tests of the `describe`
 * it is called in; `endsWithGrants`: the ledgers need no sweep.
 */
export function ledgerStoreContract(
  open: () => Promise<OpenedLedgerStore> | OpenedLedgerStore,
  { endsWithGrants = false }: { endsWithGrants?: boolean } = {},
): void {
  function rule(title: string, check: (opened: OpenedLedgerStore) => Promise<void>): void {
    test(title, async () => {
      const opened = await open();
      try {
        await check(opened);
      } finally {
        await opened.close();
      }
    });
  }

  rule("has nothing at first", async ({ store }) => {
    assert.equal(await store.read(uid), undefined);
    assert.deepEqual(await store.list(), []);
    await store.remove(uid);
  });

  rule("gives back what was written, to other handles too", async ({ store, again }) => {
    const ledger: Ledger = {
      ...emptyLedger(),
      counted: 2,
      expiresAt: "2026-01-01T00:15:00.000Z",
      redemptions: [
        redemption(1, { answer: "---\nkind: Secret\n" }),
        redemption(2, { keyHash: "q83vEjRWeJA" }),
      ],
    };
    const version = await store.write(ledger, undefined);
    assert.deepEqual(await store.read(uid), { ledger, version });
    assert.deepEqual((await (await again()).read(uid))?.ledger, ledger);
  });

  rule("erases fields and keeps the order of redemptions", async ({ store, again }) => {
    const before = { ...emptyLedger(), redemptions: [1, 2, 3].map((n) => redemption(n)) };
    before.redemptions[1] = redemption(2, { answer: "holds a key" });
    const version = await store.write(before, undefined);
    const after: Ledger = {
      ...before,
      redemptions: [redemption(1), redemption(2, { delivered: true }), redemption(3)],
      revokedAt: "2026-01-01T00:00:01.000Z",
      codeHash: "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE",
    };
    await store.write(after, version);
    assert.deepEqual((await store.read(uid))?.ledger, after);
    assert.deepEqual((await (await again()).read(uid))?.ledger, after);
  });

  rule("refuses a write on any version but the stored one", async (opened) => {
    const { store, again, unknownVersion = "none such" } = opened;
    const first = await store.write(emptyLedger(), undefined);
    await assert.rejects(store.write(emptyLedger(), undefined), isConflict);
    const grown = { ...emptyLedger(), redemptions: [redemption(1)] };
    const second = await store.write(grown, first);
    assert.notEqual(second, first);
    await assert.rejects(store.write(emptyLedger(), first), isConflict);
    await assert.rejects(store.write(emptyLedger(), unknownVersion), isConflict);
    const elsewhere = await again();
    await assert.rejects(elsewhere.write(emptyLedger(), first), isConflict);
    assert.deepEqual((await store.read(uid))?.ledger, grown);
  });

  rule("refuses a write on a version of a ledger that is gone", async ({ store }) => {
    const version = await store.write(emptyLedger(), undefined);
    await store.remove(uid);
    await assert.rejects(store.write(emptyLedger(), version), isConflict);
    assert.equal(await store.read(uid), undefined);
    await store.write(emptyLedger(), undefined);
  });

  rule("lets exactly one of many writers through", async ({ store }) => {
    const version = await store.write(emptyLedger(), undefined);
    const writes = Array.from(
      { length: 20 },
      (_, n) => store.write({ ...emptyLedger(), redemptions: [redemption(n)] }, version),
    );
    const outcomes = await Promise.allSettled(writes);
    const failures = outcomes.filter((outcome) => outcome.status === "rejected");
    assert.equal(failures.length, 19);
    assert.ok(failures.every(({ reason }) => isConflict(reason)));
  });

  rule("keeps nothing of the caller's object, and gives none of its own", async ({ store }) => {
    const ledger = { ...emptyLedger(), redemptions: [redemption(1)] };
    await store.write(ledger, undefined);
    ledger.redemptions.push(redemption(2));
    const read = await store.read(uid);
    assert.equal(read?.ledger.redemptions.length, 1);
    read!.ledger.redemptions[0]!.name = "changed";
    assert.equal((await store.read(uid))?.ledger.redemptions[0]?.name, "east-1");
  });

  rule("takes no damaged ledger for another one", async ({ store, again, damage }) => {
    if (damage === undefined) return;
    const version = await store.write(emptyLedger(), undefined);
    await store.write({ ...emptyLedger(), redemptions: [redemption(0), redemption(1)] }, version);
    await damage(uid);
    for (const one of [store, await again()]) {
      await assert.rejects(one.read(uid), (error) => isAppError(error, "ledger-damaged"));
    }
  });

  rule("lists and removes ledgers by their grant", async ({ store }) => {
    await store.write(emptyLedger(), undefined);
    await store.write(emptyLedger(otherUid), undefined);
    const listed = async () => (await store.list()).toSorted();
    assert.deepEqual(await listed(), endsWithGrants ? [] : [uid, otherUid].toSorted());
    await store.remove(uid);
    assert.equal(await store.read(uid), undefined);
    assert.deepEqual(await listed(), endsWithGrants ? [] : [otherUid]);
  });
}
