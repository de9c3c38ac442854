import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionShares } from "./connection_shares.ts";

function sharesOf(...connections: [name: string, network: string][]): ConnectionShares<string> {
  const shares = new ConnectionShares<string>();
  for (const [name, network] of connections) shares.add(name, network);
  return shares;
}

test("the oldest of the network that has the most is to go", () => {
  const shares = sharesOf(["a", "1"], ["b", "2"], ["c", "2"], ["d", "3"]);
  assert.equal(shares.findDispensable(), "b");
  shares.delete("b");
  assert.equal(shares.findDispensable(), "a");
});

test("networks with as many as each other lose the oldest", () => {
  const shares = sharesOf(["a", "1"], ["b", "2"], ["c", "3"]);
  shares.delete("a");
  shares.add("d", "1");
  assert.equal(shares.findDispensable(), "b");
});

test("only those that may go are counted and go", () => {
  const shares = sharesOf(["a", "1"], ["b", "1"], ["c", "1"], ["d", "2"], ["e", "2"]);
  assert.equal(shares.findDispensable((name) => "cde".includes(name)), "d");
  assert.equal(shares.findDispensable(() => false), undefined);
});

test("the next is the oldest of the network that comes first", () => {
  const shares = sharesOf(["a", "1"], ["b", "2"], ["c", "2"]);
  const inside = sharesOf(["x", "1"], ["y", "1"]);
  assert.equal(shares.findNext(inside), "b");
  assert.equal(new ConnectionShares<string>().findNext(inside), undefined);
});

test("networks side by side count together before each counts alone", () => {
  const flood = Array.from({ length: 50 }, (_, i): [string, string] => [`f${i}`, `10.9.${i}.1`]);
  const shares = sharesOf(["a", "192.0.2.7"], ["b", "192.0.2.7"], ...flood);
  assert.equal(shares.findDispensable(), "f0", "two of one network are not the most");
  const ready = sharesOf(["g", "10.9.77.1"], ["h", "192.0.2.7"], ["i", "192.0.2.8"]);
  assert.equal(ready.findNext(shares), "i");
  const ipv6 = sharesOf(["j", "2001:db8:1:1"], ["k", "2001:db8:2:1"], ["l", "2001:db9:1:1"]);
  assert.equal(ipv6.findDispensable(), "j");
});

test("what has left is forgotten, and nobody else with it", () => {
  const shares = sharesOf(["a", "1"], ["b", "1"]);
  shares.delete("a");
  shares.delete("a");
  assert.deepEqual([...shares], ["b"]);
  assert.equal(shares.size, 1);
});
