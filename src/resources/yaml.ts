import { Buffer } from "node:buffer";
import {
  constructFromEvents,
  defineScalarTag,
  dump,
  DUMP_SCHEMA,
  type Event,
  EVENT_ALIAS,
  EVENT_POP,
  EVENT_SCALAR,
  NOT_RESOLVED,
  parseEvents,
  YAMLException,
} from "js-yaml";
import type * as z from "zod/mini";
import { appError } from "../errors/app_error.ts";
import { type Kind, type ResourceOf, schemas } from "./kinds.ts";

/** One YAML document, its schema not checked yet. */
export type PlainDocument = Record<string, unknown>;

/**
 * Reads the documents of a YAML 1.2 (core schema) or JSON text; empty ones are left out, so an
 * empty text gives an empty list. `where` names the text in errors. `untrusted` is for what came
 * from another machine: it refuses anchors and aliases; elsewhere aliases may add up to 10,000
 * nodes. `maxBytes` defaults to 1 MiB. Throws `resource-invalid`.
 */
export function readResources(
  text: string,
  where: string,
  options: { untrusted?: boolean; maxBytes?: number } = {},
): PlainDocument[] {
  const maxBytes = options.maxBytes ?? 1024 * 1024;
  if (Buffer.byteLength(text) > maxBytes) throw invalid(where, `it exceeds ${maxBytes} bytes`);
  const documents: unknown[] = [];
  try {
    const events = parseEvents(text, {});
    if (options.untrusted) refuseAnchors(events, text, where);
    else limitAliases(events, text, where);
    documents.push(...constructFromEvents(events, { source: text }));
  } catch (error) {
    // the parser's message quotes the text, which may hold a secret, so it is not kept as a cause
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark === undefined ? "" : `line ${error.mark.line + 1}: `;
    throw invalid(where, `${line}${error.reason}`);
  }
  const found: PlainDocument[] = [];
  for (const document of documents) {
    if (document === null) continue;
    if (!isPlainDocument(document)) {
      throw invalid(where, `a resource must be a mapping, not ${describeType(document)}`);
    }
    found.push(document);
  }
  return found;
}

/**
 * Checks one document against the schema of `kind` and returns it as that resource, unknown fields
 * included. `where` names the text in errors, or the place of a field in it. A field that may not
 * be empty and is counts as absent, as for `kubectl apply`. Throws `resource-invalid`, which names
 * fields and what they should be, never their values.
 */
export function parseResource<K extends Kind>(
  kind: K,
  document: unknown,
  where: string | ((path: readonly PropertyKey[]) => string),
): ResourceOf<K> {
  const schema = schemas[kind]();
  const asWritten = schema.safeParse(document);
  const result = asWritten.success ? asWritten : schema.safeParse(withoutEmpty(document));
  // schemas[kind]() is the schema of ResourceOf<K>, which the compiler cannot follow through K
  if (result.success) return result.data as ResourceOf<K>;
  const issues = result.error.issues.slice(0, 5);
  const why = issues.map((issue) => describeIssue(issue, document)).join("; ");
  throw invalid(typeof where === "string" ? where : where(issues[0]!.path), why);
}

/** A copy of what YAML or JSON gave, without the fields whose value is null. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (!isPlainDocument(value)) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutEmpty(field)]));
}

/** What Go's YAML readers take for a number once they have dropped the underscores. */
const goNumber = /^[-+]?(0[xXoObB][0-9a-fA-F]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)$/;

/** Never written: text that this tag would claim is quoted, like text of any other tag's form. */
const goNumberTag = defineScalarTag("!go-number", {
  implicit: true,
  resolve: (text) => goNumber.test(text.replaceAll("_", "")) ? text : NOT_RESOLVED,
  identify: () => false,
});

const writeSchema = DUMP_SCHEMA.withTags(goNumberTag);

/** Any data as one YAML document that YAML 1.1 readers (Go's) and 1.2 readers take for the same. */
export function writeYaml(value: unknown): string {
  return dump(value, { schema: writeSchema, lineWidth: -1, noRefs: true, skipInvalid: true });
}

/** Text that no reader of YAML takes for anything else, and that is no word such as yes or null. */
const plainName = /^(?!(true|false|yes|no|on|off|null|y|n)$)[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*$/;

/**
 * A text of one line as a YAML value, quoted unless that is surely needless; much faster than
 * `writeYaml`.
 */
export function writeYamlText(text: string): string {
  if (plainName.test(text)) return text;
  return /^[\x20-\x7e]*$/.test(text) ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text);
}

/** A resource as one YAML document, its fields in the conventional order. */
export function writeResource(resource: object): string {
  const { apiVersion, kind, metadata, spec, status, ...others } = resource as PlainDocument;
  return writeYaml({ apiVersion, kind, metadata, spec, status, ...others });
}

/**
 * Several resources as one text; `separatorFirst` begins it with `---` too, as upstream's wire
 * does.
 */
export function writeResources(
  resources: readonly object[],
  options: { separatorFirst?: boolean } = {},
): string {
  const text = resources.map(writeResource).join("---\n");
  return options.separatorFirst ? `---\n${text}` : text;
}

function refuseAnchors(events: Event[], text: string, where: string): void {
  for (const event of events) {
    if (!("anchorStart" in event) || event.anchorStart === -1) continue;
    const line = lineAt(text, event.anchorStart);
    throw invalid(where, `line ${line}: anchors and aliases are not accepted here`);
  }
}

/** How many nodes all aliases of a text may stand for, counted as if each were written out. */
const maxAliasedNodes = 10_000;

/** A few aliases of aliases stand for billions of nodes, and a walk over them never ends. */
function limitAliases(events: Event[], text: string, where: string): void {
  const sizes = new Map<string, number>();
  const open: { anchor: string; size: number }[] = [];
  let aliased = 0;
  for (const event of events) {
    const anchor = "anchorStart" in event ? text.slice(event.anchorStart, event.anchorEnd) : "";
    let node = { anchor, size: 1 };
    if (event.type === EVENT_ALIAS) {
      const refuse = (why: string) =>
        invalid(where, `line ${lineAt(text, event.anchorStart)}: ${why}`);
      if (open.some((around) => around.anchor === anchor)) {
        throw refuse("an alias stands within what it stands for");
      }
      node = { anchor: "", size: sizes.get(anchor) ?? 1 };
      aliased += node.size;
      if (aliased > maxAliasedNodes) {
        throw refuse(`aliases stand for more than ${maxAliasedNodes} nodes`);
      }
    } else if (event.type === EVENT_POP) {
      node = open.pop()!;
    } else if (event.type !== EVENT_SCALAR) {
      open.push(node);
      continue;
    }
    if (node.anchor !== "") sizes.set(node.anchor, node.size);
    const around = open.at(-1);
    if (around !== undefined) around.size += node.size;
  }
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function isPlainDocument(document: unknown): document is PlainDocument {
  return typeof document === "object" && document !== null && !Array.isArray(document);
}

function describeIssue(issue: z.core.$ZodIssue, document: unknown): string {
  const field = fieldPath(issue.path);
  switch (issue.code) {
    case "invalid_type": {
      const wanted = wordOf[issue.expected] ?? issue.expected;
      const value = valueAt(document, issue.path);
      return value === undefined
        ? `${field} is missing: it must be ${wanted}`
        : `${field} must be ${wanted}, not ${describeType(value)}`;
    }
    case "invalid_value":
      return `${field} must be ${issue.values.map((value) => `"${String(value)}"`).join(" or ")}`;
    case "too_big":
      return `${field} must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case "too_small":
      return `${field} must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    default:
      return `${field}: ${issue.message}`;
  }
}

/** What an expected type is called in an error. */
const wordOf: Record<string, string> = {
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  undefined: "left out",
};

function unitOf(origin: string): string {
  return origin === "string" ? " characters long" : "";
}

function fieldPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the resource";
  return path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : text + (text && ".") + String(part),
    "",
  );
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function describeType(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isInteger(value)) return "a fraction";
  return wordOf[typeof value] ?? typeof value;
}

function invalid(where: string, why: string) {
  return appError("resource-invalid", { where, why });
}
