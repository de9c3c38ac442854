import * as z from "zod/mini";
import { type Kind, schemas } from "./kinds.ts";

/** A field that no resource of its kind has. */
export interface UnknownField {
  /** From the resource's root to it. */
  path: string[];
  /** The field that it may have been meant as. */
  likely?: string;
}

/** The fields of metav1.ObjectMeta. */
const metadataFields = [
  ...["name", "generateName", "namespace", "labels", "annotations", "finalizers"],
  ...["ownerReferences", "uid", "resourceVersion", "generation", "creationTimestamp"],
  ...["deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"],
];

/** The fields of a resource that are in none of ours. */
const rootFields: Partial<Record<Kind, string[]>> = { Secret: ["immutable"] };

/**
 * The fields of a document that its kind does not have, as `kubectl apply` warns of them. What is
 * in status is a controller's to know; a name with a slash in it is a program's own.
 */
export function findUnknownFields(kind: Kind, document: unknown): UnknownField[] {
  const { metadata, spec, status: _, ...root } = document as Record<string, unknown>;
  const { shape } = schemas[kind]() as unknown as z.ZodMiniObject;
  const known = [...Object.keys(shape), ...rootFields[kind] ?? []];
  return [
    ...unknownIn(root, known, []).filter(({ path }) => !path[0]!.includes("/")),
    ...unknownIn(metadata, metadataFields, ["metadata"]),
    ...walk(spec, shape["spec"], ["spec"]),
  ];
}

function walk(value: unknown, schema: unknown, path: string[]): UnknownField[] {
  if (schema instanceof z.ZodMiniOptional || schema instanceof z.ZodMiniNullable) {
    return walk(value, schema.def.innerType, path);
  }
  if (schema instanceof z.ZodMiniArray && Array.isArray(value)) {
    return value.flatMap((one, index) => walk(one, schema.def.element, [...path, String(index)]));
  }
  if (!(schema instanceof z.ZodMiniObject) || typeof value !== "object" || value === null) {
    return [];
  }
  return [
    ...unknownIn(value, Object.keys(schema.shape), path),
    ...Object.entries(value).flatMap(([name, field]) =>
      walk(field, schema.shape[name], [...path, name])
    ),
  ];
}

function unknownIn(value: unknown, known: string[], path: string[]): UnknownField[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).filter((name) => !known.includes(name)).map((name) => {
    const likely = nearest(name, known);
    return { path: [...path, name], ...(likely === undefined ? {} : { likely }) };
  });
}

/** The name that differs in a third of its letters at most, whatever their case. */
function nearest(name: string, known: string[]): string | undefined {
  const distances = known.map((one) => ({
    one,
    distance: distanceOf(name.toLowerCase(), one.toLowerCase()),
  }));
  const [best] = distances.toSorted((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= name.length / 3 ? best.one : undefined;
}

/** How many letters must be put in, left out or changed to make one word of the other. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
