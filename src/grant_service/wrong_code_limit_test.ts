import assert from "node:assert/strict";
import { test } from "node:test";
import { clientNetwork, WrongCodeLimit } from "./wrong_code_limit.ts";

test("WrongCodeLimit takes a number of wrong codes at once, then one each interval", () => {
  let now = 1000;
  const limit = new WrongCodeLimit({ count: 3, refillMs: 2500 }, () => now);
  for (let count = 0; count < 3; count++) {
    assert.equal(limit.waitSeconds("a"), undefined);
    limit.count("a");
  }
  assert.equal(limit.waitSeconds("a"), 3);
  assert.equal(limit.waitSeconds("b"), undefined);
  now += 2499;
  assert.equal(limit.waitSeconds("a"), 1);
  now += 1;
  assert.equal(limit.waitSeconds("a"), undefined);
  limit.count("a");
  assert.equal(limit.waitSeconds("a"), 3);
  now += 60_000;
  limit.count("a");
  assert.equal(limit.waitSeconds("a"), undefined);
});

test("WrongCodeLimit forgets who has been quiet longest when too many are watched", () => {
  const limit = new WrongCodeLimit({ count: 1, refillMs: 1000 }, () => 0);
  for (let number = 0; number <= 10_000; number++) {
    limit.count(String(number));
    limit.count("busy");
  }
  assert.equal(limit.waitSeconds("0"), undefined);
  assert.notEqual(limit.waitSeconds("10000"), undefined);
  assert.notEqual(limit.waitSeconds("busy"), undefined);
});

for (
  const [address, network] of [
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["", ""],
  ] as const
) {
  test(`clientNetwork() of "${address}" is "${network}"`, () => {
    assert.equal(clientNetwork(address), network);
  });
}
