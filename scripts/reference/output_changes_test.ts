import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { version } from "../../src/version.ts";
import { findBreakingChanges, type OutputSchema } from "./output_changes.ts";
import { type Schema, writeOutputSchema } from "./outputs.ts";

function schemaOf(type: z.ZodType): OutputSchema {
  return { $defs: { "site status": z.toJSONSchema(type) as Schema } };
}

const before = schemaOf(z.strictObject({
  name: z.string(),
  state: z.enum(["Ready", "Error"]),
  links: z.array(z.strictObject({ cost: z.number() })),
}));

const cases: [string, z.ZodType, string[]][] = [
  [
    "what is added breaks nobody",
    z.strictObject({
      name: z.string(),
      state: z.enum(["Ready", "Error", "Pending"]),
      links: z.array(z.strictObject({ cost: z.number(), site: z.string() })),
      uid: z.string().optional(),
    }),
    [],
  ],
  [
    "a field that is gone, absent or of another type is told",
    z.strictObject({
      state: z.enum(["Ready", "Error"]).optional(),
      links: z.array(z.strictObject({ cost: z.string() })),
    }),
    [
      "site status: name is gone",
      "site status: state may be absent",
      "site status: links[] cost is string, and was number",
    ],
  ],
];

for (const [name, now, changes] of cases) {
  test(name, () => assert.deepEqual(findBreakingChanges(before, schemaOf(now)), changes));
}

test("a command that is gone is told", () => {
  assert.deepEqual(findBreakingChanges(before, { $defs: {} }), ["site status: is gone"]);
});

test("outputs break nothing that the last release of this major version had", () => {
  const now = JSON.parse(writeOutputSchema());
  assert.deepEqual(findBreakingChanges(now, now), []);
  const file = new URL("../../docs/reference/outputs.released.json", import.meta.url);
  // there is none before the first release; before 1.0.0 a minor version may break, too
  if (!fs.existsSync(file) || version.endsWith(".0.0")) return;
  const released = JSON.parse(fs.readFileSync(file, "utf8"));
  assert.deepEqual(findBreakingChanges(released, now), []);
});
