import type { Operand, Part, Path, Step } from "./template.ts";

/**
 * The template's parts with what their paths find in the data, as kubectl prints it: values of a
 * path with a space between, lists and objects as JSON, and of what is not there nothing. `.items`
 * of a list is the list.
 */
export function fillTemplate(parts: Part[], data: unknown): string {
  return fill(parts, data, data);
}

function fill(parts: Part[], root: unknown, current: unknown): string {
  return parts.map((part) => {
    if (part.kind === "text") return part.text;
    const found = valuesAt(part.path, root, current);
    return part.kind === "path"
      ? found.map(print).join(" ")
      : found.flatMap(elementsOf).map((each) => fill(part.parts, root, each)).join("");
  }).join("");
}

/** A range over a list is one over its elements. */
function elementsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function print(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function valuesAt({ isFromRoot, steps }: Path, root: unknown, current: unknown): unknown[] {
  const start = isFromRoot ? root : current;
  const [first] = steps;
  const isListItself = start === root && Array.isArray(root) && first?.kind === "field" &&
    first.names.join() === "items";
  return steps.slice(isListItself ? 1 : 0).reduce<unknown[]>(
    (values, step) => values.flatMap((value) => take(step, value, root)),
    [start],
  );
}

function take(step: Step, value: unknown, root: unknown): unknown[] {
  switch (step.kind) {
    case "field":
      return step.names.flatMap((name) =>
        isObject(value) && Object.hasOwn(value, name) ? [value[name]] : []
      );
    case "all":
      return childrenOf(value);
    case "below":
      return [value, ...childrenOf(value).flatMap((child) => take(step, child, root))];
    case "indexes":
      return step.indexes.flatMap((index) => {
        const at = Array.isArray(value) && index < 0 ? index + value.length : index;
        return Array.isArray(value) && at >= 0 && at < value.length ? [value[at]] : [];
      });
    case "slice":
      return Array.isArray(value)
        ? value.slice(step.from, step.to).filter((_, index) => index % step.by === 0)
        : [];
    case "filter":
      return childrenOf(value).filter((child) => holds(step, child, root));
  }
}

function holds(
  { left, operator, right }: Extract<Step, { kind: "filter" }>,
  current: unknown,
  root: unknown,
): boolean {
  const [a] = operandValues(left, root, current);
  if (operator === undefined || right === undefined) return a !== undefined;
  const [b] = operandValues(right, root, current);
  if (a === undefined || b === undefined) return false;
  if (operator === "==") return a === b;
  if (operator === "!=") return a !== b;
  if (typeof a !== typeof b || !["string", "number"].includes(typeof a)) return false;
  const order = (a as string) < (b as string) ? -1 : a === b ? 0 : 1;
  return order === 0 ? operator.endsWith("=") : order < 0 === operator.startsWith("<");
}

function operandValues(operand: Operand, root: unknown, current: unknown): unknown[] {
  return "path" in operand ? valuesAt(operand.path, root, current) : [operand.value];
}

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
