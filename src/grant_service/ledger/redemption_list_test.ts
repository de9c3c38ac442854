import assert from "node:assert/strict";
import { test } from "node:test";
import type { Redemption } from "./ledger.ts";
import { addRedemption, changeRedemptions, findLast } from "./redemption_list.ts";

let made = 0;

function redemption(name: string, keyHash?: string): Redemption {
  const at = "2026-11-22T12:00:00Z";
  const key = keyHash === undefined ? {} : { keyHash };
  return { name, subject: "east", serial: String(++made), at, ...key };
}

test("findLast() goes by the key where there is one, else by name and subject", () => {
  const [byKey, byName] = [redemption("a", "hash"), redemption("a")];
  const list = [byName, byKey, redemption("b", "other"), redemption("b")];
  assert.equal(findLast(list, { keyHash: "hash", name: "z", subject: "" }), byKey);
  assert.equal(findLast(list, { name: "a", subject: "east" }), byName);
  assert.equal(findLast(list, { name: "a", subject: "west" }), undefined);
  assert.equal(findLast(list, { keyHash: "none", name: "a", subject: "east" }), undefined);
});

test("findLast() sees what was added and changed", () => {
  const first = redemption("a");
  let list = [first];
  assert.equal(findLast(list, first), first);
  const second = redemption("a");
  list = addRedemption(list, second);
  assert.equal(findLast(list, first), second);
  list = changeRedemptions(
    list,
    ({ serial }) => serial === second.serial,
    (one) => ({ ...one, delivered: true }),
  );
  assert.deepEqual(findLast(list, first), { ...second, delivered: true });
});

test("what is added to a list that comes to nothing is not in another that comes from the same", () => {
  const [first, lost, kept, again] = ["1", "2", "3", "2"].map((key) => redemption("a", key));
  const list = [first!];
  assert.equal(findLast(list, first!), first);
  addRedemption(list, lost!);
  assert.equal(findLast(list, lost!), undefined);
  const longer = addRedemption(list, kept!);
  assert.equal(findLast(longer, lost!), undefined);
  assert.equal(findLast(longer, kept!), kept);
  const longest = addRedemption(longer, again!);
  assert.equal(findLast(longest, lost!), again);
  assert.equal(findLast(longest, first!), first);
});

test("changeRedemptions() gives the same list where nothing is to be changed", () => {
  const list = [redemption("a")];
  assert.equal(changeRedemptions(list, () => false, () => redemption("b")), list);
});
