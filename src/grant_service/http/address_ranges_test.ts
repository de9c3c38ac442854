import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressRanges, isAddressRange } from "./address_ranges.ts";

test("addresses and networks are told from what is none", () => {
  for (const text of ["192.0.2.1", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::1", "::1/128"]) {
    assert.ok(isAddressRange(text), text);
  }
  for (const text of ["", "west", "10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0/8", "1.2.3.4/-1"]) {
    assert.ok(!isAddressRange(text), text);
    assert.throws(() => new AddressRanges([text]), TypeError);
  }
});

test("a range contains what is in it", () => {
  const ranges = new AddressRanges(["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]);
  for (const address of ["10.255.0.1", "2001:db8::7", "192.0.2.7"]) {
    assert.ok(ranges.contains(address), address);
  }
  for (const address of ["11.0.0.1", "2001:db9::7", "192.0.2.8", "", "west"]) {
    assert.ok(!ranges.contains(address), address);
  }
  assert.ok(!new AddressRanges([]).contains("10.0.0.1"));
});
