import assert from "node:assert/strict";
import { test } from "node:test";
import { auditTo } from "./audit.ts";
import { firstPrevious } from "./audit_chain.ts";

test("auditTo() gives one line of JSON per event, with its time first", () => {
  const lines: string[] = [];
  const audit = auditTo((line) => lines.push(line), () => Date.parse("2026-11-22T12:00:00Z"));
  audit({ event: "refused", uid: "line\nbreak", reason: "expired" });
  assert.deepEqual(lines, [
    `{"time":"2026-11-22T12:00:00.000Z","event":"refused","uid":"line\\nbreak","reason":"expired","seq":1,"previous":"${firstPrevious}"}`,
  ]);
});
