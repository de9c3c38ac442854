import fc from "fast-check";
import { serverFieldNames, serverFields } from "../../src/jfrog/config/fields.ts";
import type { Server } from "../../src/jfrog/server.ts";

/** Any server, its fields filled or left out, and with a field of a program to come. */
export const anyServer: fc.Arbitrary<Server> = fc.record<Record<string, unknown>>(
  {
    ...Object.fromEntries(serverFieldNames.map((name) => [name, valueOf(serverFields[name])])),
    fieldToCome: fc.jsonValue({ maxDepth: 1 }),
  },
  { requiredKeys: [] },
);

function valueOf(type: string): fc.Arbitrary<unknown> {
  if (type === "text") return fc.string({ unit: "grapheme", minLength: 1 });
  return type === "a whole number" ? fc.integer({ min: 1 }) : fc.constant(true);
}

/** A server for a comparison: fields in no order, those without a value left out. */
export function comparable(server: Server): unknown {
  const entries = Object.entries(server).filter(([, value]) => value !== undefined);
  return JSON.parse(JSON.stringify(entries.sort(([a], [b]) => a < b ? -1 : 1)));
}
