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

/** A value to be found again, and to be shown to nobody. */
export const canary = fc.nat().map((n) => `Canary${n}`);
/** What a program to come may have put there. */
export const foreign = fc.oneof(
  canary,
  fc.array(canary, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom("one", "two"), canary),
);

/** A value of a server's field, seldom of the wrong type. */
export function perhapsRight(name: keyof Server): fc.Arbitrary<unknown> {
  const right = serverFields[name] === "text"
    ? canary
    : serverFields[name] === "a whole number"
    ? fc.integer({ min: 1 })
    : fc.constant(true);
  const wrong = fc.oneof(fc.constantFrom(null, 1.5, false, [], {}), canary);
  return fc.oneof({ weight: 60, arbitrary: right }, { weight: 1, arbitrary: wrong });
}

/** An object with some of these fields, names in any case, and some that nobody knows. */
export function anyObject(
  names: readonly string[],
  valueOf: (name: never) => fc.Arbitrary<unknown>,
): fc.Arbitrary<Record<string, unknown>> {
  const spell = (name: string) =>
    fc.constantFrom(name, name, name.toUpperCase(), name.toLowerCase());
  const field = (name: string) => fc.tuple(spell(name), valueOf(name as never));
  return fc.tuple(
    fc.subarray([...names], { maxLength: Math.min(names.length, 8) }).chain((some) =>
      fc.tuple(...some.map(field))
    ),
    fc.dictionary(fc.constantFrom("x", "fieldToCome", "__proto__", "toString"), foreign, {
      maxKeys: 2,
    }),
  ).map(([known, others]) => ({ ...others, ...Object.fromEntries(known) }));
}
