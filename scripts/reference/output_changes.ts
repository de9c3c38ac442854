import type { Schema } from "./outputs.ts";

/** The schemas of a release's outputs, by the words of the command. */
export interface OutputSchema {
  $defs: Record<string, Schema>;
}

/**
 * What a program that reads the outputs of `before` may not find in those of `now`, a line each:
 * commands and fields that are gone, that may be absent now, or that have another type. What was
 * added breaks nobody.
 */
export function findBreakingChanges(before: OutputSchema, now: OutputSchema): string[] {
  return Object.entries(before.$defs).flatMap(([words, schema]) => {
    const other = now.$defs[words];
    return other === undefined ? [`${words}: is gone`] : compare(`${words}:`, schema, other);
  });
}

function compare(at: string, before: Schema, now: Schema): string[] {
  const [old, current] = [variantsOf(before), variantsOf(now)];
  // a variant goes on in any of those there are now: the one that it differs from least
  return old.flatMap((variant) =>
    current.map((other) => compareOne(at, variant, other))
      .reduce((least, found) => found.length < least.length ? found : least)
  );
}

function compareOne(at: string, before: Schema, now: Schema): string[] {
  if (typeOf(before) !== typeOf(now)) {
    return [`${at} is ${typeOf(now)}, and was ${typeOf(before)}`];
  }
  return [
    ...Object.entries(before.properties ?? {}).flatMap(([name, schema]) => {
      const other = now.properties?.[name];
      if (other === undefined) return [`${at} ${name} is gone`];
      const wasSure = before.required?.includes(name) && !now.required?.includes(name);
      return [
        ...wasSure ? [`${at} ${name} may be absent`] : [],
        ...compare(`${at} ${name}`, schema, other),
      ];
    }),
    ...before.items !== undefined && now.items !== undefined
      ? compare(`${at}[]`, before.items, now.items)
      : [],
  ];
}

function variantsOf(schema: Schema): Schema[] {
  return schema.anyOf ?? [schema];
}

/** The type as JSON has it; of a value that is always the same, that value's. */
function typeOf({ type, const: value, enum: values }: Schema): string {
  if (type !== undefined) return [type].flat().sort().join(" or ");
  const constants = value === undefined ? values ?? [] : [value];
  return [...new Set(constants.map((one) => typeof one))].sort().join(" or ") || "anything";
}
