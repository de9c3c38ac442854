import { z } from "zod";
import { jfrogOutputs } from "./jfrog_outputs.ts";
import { code, notice, table } from "./markdown.ts";
import { resources } from "./resource_outputs.ts";
import { skupperOutputs } from "./skupper_outputs.ts";

/** What `-o json` prints of each command that prints data, by its words. */
export const outputs: Record<string, z.ZodType> = { ...skupperOutputs, ...jfrogOutputs };

/** The commands whose result is no data: text for a shell or a person, or a log. */
export const textOnly = ["help", "completion", "controller run"];

/** The part of JSON Schema that zod writes. */
export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  description?: string;
  title?: string;
  resource?: string;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
}

/** docs/reference/outputs.md: the fields of every command's JSON. */
export function describeOutputs(): string {
  return [
    `${notice}
# Outputs

What \`-o json\` prints on stdout; \`-o yaml\` prints the same as YAML. Fields are added in later
releases, and none is taken away or changes its meaning within a major version. A field marked
optional is absent where it has nothing to say. \`[]\` stands for each element of a list. Times are
RFC 3339.

Errors are on stderr: [errors.md](errors.md). The end-to-end tests check every such output against
what stands here.
`,
    ...Object.entries(outputs).map(([words, schema]) => describe(words, read(schema))),
    "# Resources\n",
    ...Object.entries(resources).map(([kind, schema]) =>
      `## ${kind}\n\n${rowsTable(rowsOf(read(schema), ""))}`
    ),
  ].join("\n");
}

/** docs/reference/outputs.schema.json: the same for programs, a definition for each command. */
export function writeOutputSchema(): string {
  const document = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "What hawser prints with -o json, by the words of the command",
    $defs: Object.fromEntries(
      Object.entries(outputs).map(([words, schema]) => {
        const { $schema: _, ...rest } = read(schema) as Schema & { $schema?: string };
        return [words, rest];
      }),
    ),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The paths of the fields of each command's output, as outputs.md has them. */
export function fieldPaths(): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(outputs).map(([words, schema]) => {
      const variants = read(schema).anyOf ?? [read(schema)];
      const rows = variants.flatMap(rowsOfVariant);
      return [words, rows.map(([path]) => path.slice(1, -1))];
    }),
  );
}

function read(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { reused: "inline", io: "output" }) as Schema;
}

function describe(words: string, schema: Schema): string {
  return `## ${words}\n\n${(schema.anyOf ?? [schema]).map(describeVariant).join("\n")}`;
}

/** The rows of what a command prints, without those that every resource of its kind has. */
function rowsOfVariant(schema: Schema): Row[] {
  const isList = schema.type === "array";
  const element = isList ? schema.items! : schema;
  return rowsOf(
    element.resource === undefined ? element : withoutKnown(element),
    isList ? "[]" : "",
  );
}

function describeVariant({ title, ...schema }: Schema): string {
  const isList = schema.type === "array";
  const { resource } = isList ? schema.items! : schema;
  const rows = rowsOfVariant(schema);
  const what = resource === undefined
    ? "objects"
    : `the resource [${resource}](#${resource.toLowerCase()})`;
  const single = resource === undefined ? "an object" : what;
  const also = resource !== undefined && rows.length > 0 ? " and beside it" : "";
  const line = `${title === undefined ? "" : `${title}: `}${isList ? `a list of ${what}` : single}`;
  return `${upperFirst(line)}${also}${rows.length === 0 ? "." : ":\n"}\n${rowsTable(rows)}`;
}

/** What a command prints of a resource beyond what the resource is. */
function withoutKnown(schema: Schema): Schema {
  const known = read(resources[schema.resource as keyof typeof resources]).properties!;
  const own = Object.entries(schema.properties!).filter(([name]) => !(name in known));
  return { ...schema, properties: Object.fromEntries(own) };
}

type Row = [path: string, type: string, optional: string, meaning: string];

/** A row for each field below a schema. */
function rowsOf(schema: Schema, path: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const isOptional = !schema.required?.includes(name);
    const row: Row = [code(at), typeOf(field), isOptional ? "optional" : "", meaningOf(field)];
    const inner = field.type === "array" ? field.items! : field;
    if (inner.resource !== undefined) return [row];
    return [row, ...rowsOf(inner, field.type === "array" ? `${at}[]` : at)];
  });
}

function rowsTable(rows: Row[]): string {
  return table(["field", "type", "", "meaning"], rows);
}

function meaningOf({ description, const: only }: Schema): string {
  return description ?? (only === undefined ? "" : "always this");
}

function typeOf(schema: Schema): string {
  const { type, resource, format, items, anyOf } = schema;
  if (resource !== undefined) return `[${resource}](#${resource.toLowerCase()})`;
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((one) => code(String(one))).join(", ");
  if (anyOf !== undefined) return anyOf.map(typeOf).join(" or ");
  if (type === "array") return `list of ${typeOf(items!)}`;
  if (format === "date-time") return "time";
  return [type ?? "anything"].flat().join(" or ");
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
