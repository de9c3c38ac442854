import assert from "node:assert/strict";
import { test } from "node:test";
import { exposureKinds, parseExposure, writeExposure } from "./exposure.ts";

test("a way, or a host and port, is read and written alike", () => {
  for (
    const text of [...exposureKinds, "grants.example:443", "192.0.2.1:9090", "[2001:db8::1]:1"]
  ) {
    const exposure = parseExposure(text);
    assert.ok(exposure !== undefined, text);
    assert.equal(writeExposure(exposure), text);
  }
  assert.deepEqual(parseExposure("[2001:db8::1]:9090"), { host: "2001:db8::1", port: 9090 });
});

test("anything else is no exposure", () => {
  const texts = ["", "Route", "host", ":443", "host:", "host:0", "host:65536", "a b:1", "host:1x"];
  for (const text of [...texts, "https://host:1", "2001:db8::1:443", "-host:1"]) {
    assert.equal(parseExposure(text), undefined, text);
  }
});
