import assert from "node:assert/strict";
import { test } from "node:test";
import { type Condition, isReady } from "./resource.ts";

test("isReady() takes no Unknown, no other condition and no status text for ready", () => {
  const isReadyWith = (type: string, status: Condition["status"]) => {
    const lastTransitionTime = "2026-11-22T12:00:00Z";
    const condition = { type, status, reason: "x", message: "x", lastTransitionTime };
    const metadata = { name: "west" };
    return isReady({
      apiVersion: "skupper.io/v2alpha1",
      kind: "Site",
      metadata,
      status: { status: "Ready", conditions: [condition] },
    });
  };
  assert.equal(isReadyWith("Ready", "True"), true);
  assert.equal(isReadyWith("Ready", "Unknown"), false);
  assert.equal(isReadyWith("Ready", "False"), false);
  assert.equal(isReadyWith("Configured", "True"), false);
});
