import { hiddenValue } from "../resources/hidden_value.ts";
import type { Resource } from "../resources/kinds.ts";

/** A resource as `kubectl describe` words it: every field, by its name in words. */
export function describeResource(resource: Resource): string[] {
  const { metadata, apiVersion, kind, ...rest } = resource;
  const { name, namespace, labels, annotations, managedFields: _, ...more } = metadata;
  const secretParts = kind === "Secret" ? sizesOf(resource as { data?: object | null }) : [];
  if (kind === "Secret") {
    delete (rest as { data?: unknown }).data;
    delete (rest as { stringData?: unknown }).stringData;
  }
  return aligned([
    ...linesOf({ Name: name, Namespace: namespace ?? "" }, 0, false),
    ...mapLines("Labels", labels),
    ...mapLines("Annotations", annotations),
    ...linesOf({ "API Version": apiVersion, Kind: kind }, 0, false),
    ...linesOf({ Metadata: more, ...wordKeys(rest) }, 0, false),
    ...secretParts,
  ]);
}

/** A heading, with its value behind it where that stands on the same line. */
type Line = [heading: string, value?: string];

/** The values of lines that follow each other begin in one column, however deep they stand. */
function aligned(lines: Line[]): string[] {
  let width = 0;
  return lines.map(([heading, value], start) => {
    if (value === undefined) {
      width = 0;
      return heading;
    }
    if (width === 0) width = widthFrom(lines, start);
    return `${heading.padEnd(width)}  ${value}`;
  });
}

/** The widest heading from there on to the first line without a value. */
function widthFrom(lines: Line[], start: number): number {
  const end = lines.findIndex(([, value], index) => index > start && value === undefined);
  const block = lines.slice(start, end === -1 ? undefined : end);
  return Math.max(...block.map(([heading]) => heading.length));
}

/** The sizes of a Secret's values, as kubectl shows them in place of the values. */
function sizesOf({ data }: { data?: object | null }): Line[] {
  const sizes = Object.entries(data ?? {}).map(([key, value]): Line => {
    const bytes = String(value) === hiddenValue ? "hidden" : `${sizeOf(String(value))} bytes`;
    return [`${key}:`, bytes];
  });
  return [[""], ["Data"], ["===="], ...sizes];
}

function sizeOf(base64: string): number {
  return Math.floor(base64.replace(/=+$/, "").length * 3 / 4);
}

function mapLines(heading: string, map: Record<string, string> | null | undefined): Line[] {
  const entries = Object.entries(map ?? {});
  if (entries.length === 0) return [[`${heading}:`, "<none>"]];
  const joint = heading === "Labels" ? "=" : ": ";
  return entries.map(([key, value], index) => [
    index === 0 ? `${heading}:` : "",
    `${key}${joint}${value}`,
  ]);
}

function wordKeys(object: object): object {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [inWords(key), value]));
}

/** `tlsCredentials` becomes `Tls Credentials`. */
function inWords(key: string): string {
  if (/[^a-zA-Z0-9]/.test(key)) return key;
  const spaced = key.replace(/([a-z0-9])([A-Z])/g, "$1 $2");
  return spaced[0]!.toUpperCase() + spaced.slice(1);
}

function linesOf(object: object, depth: number, inner = true): Line[] {
  const indent = "  ".repeat(depth);
  return Object.entries(object).filter(([, value]) => value !== undefined && value !== null)
    .flatMap(([key, value]): Line[] => {
      const heading = `${indent}${inner ? inWords(key) : key}:`;
      if (Array.isArray(value)) {
        return [
          [heading],
          ...value.flatMap((one): Line[] =>
            typeof one === "object" && one !== null
              ? linesOf(one, depth + 1)
              : [[`${indent}  ${String(one)}`]]
          ),
        ];
      }
      if (typeof value === "object") return [[heading], ...linesOf(value, depth + 1)];
      const [first = "", ...further] = String(value).trimEnd().split("\n");
      if (further.length === 0) return [[heading, first]];
      return [[heading], ...[first, ...further].map((line): Line => [`${indent}  ${line}`])];
    });
}
