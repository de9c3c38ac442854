import { Buffer } from "node:buffer";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type AppError, appError } from "../errors/app_error.ts";
import { withDefaults } from "../resources/defaults.ts";
import { lineOfField, splitDocuments } from "../resources/document_text.ts";
import { kindsInOrder } from "../resources/kind_words.ts";
import { isKind, type Kind, type Resource } from "../resources/kinds.ts";
import { checkLabel, isSubdomain } from "../resources/names.ts";
import { findUnknownFields } from "../resources/unknown_fields.ts";
import { parseResource, type PlainDocument, readResources } from "../resources/yaml.ts";
import { readLimited } from "../runtime/files.ts";
import { explainSystemError } from "../runtime/system_error.ts";
import { findHidden } from "./hidden_values.ts";

/** A resource of a file, and where it stands. */
export interface ManifestItem {
  resource: Resource;
  /** Names the file and the line, in errors. */
  where: string;
  /** The namespace that it names, if it does. */
  namespace: string | undefined;
}

/** What the reading of files needs. */
export interface ManifestReading {
  stdin(maxBytes: number): Promise<Uint8Array>;
  /** Told of each field that nothing reads. */
  warn(problem: AppError): void;
  signal: AbortSignal;
  /** Who deletes them reads no more than what they are called: the rest may be wrong. */
  namesAlone?: boolean;
}

const common = ["apiVersion", "kind", "spec"];

/** What a user writes of a resource, beside metadata; anything else is warned of, and left out. */
const writtenFields: Record<Kind, readonly string[]> = {
  Site: common,
  Link: common,
  AccessGrant: common,
  AccessToken: common,
  RouterAccess: common,
  Secret: ["apiVersion", "kind", "type", "data", "stringData", "immutable"],
};

const maxBytes = 16 * 1024 * 1024;

/**
 * The resources of files, of all files of folders, and of standard input (`-`), as they stand
 * there. Throws `file-not-found`, `not-readable`, `resource-invalid`, `kind-foreign`,
 * `value-hidden`, and `usage` for a folder without any.
 */
export async function readManifests(
  paths: string[],
  reading: ManifestReading,
): Promise<ManifestItem[]> {
  const manifests: ManifestItem[] = [];
  for (const path of paths) {
    if (/^https?:\/\//.test(path)) {
      const message = `Resources are read from files, folders and standard input, not from ${path}`;
      throw appError("usage", {
        message,
        help: `For example: curl -f ${path} | hawser apply -f -`,
      });
    }
    for (const file of await filesOf(path)) {
      const bytes = file === "-"
        ? await reading.stdin(maxBytes)
        : await readLimited(file, maxBytes, reading.signal);
      manifests.push(...readText(decode(bytes, file), nameOf(file), reading));
    }
  }
  return manifests;
}

/** The file itself, or what lies in the folder and has an ending that kubectl takes. */
async function filesOf(path: string): Promise<string[]> {
  if (path === "-" || !await stat(path).then((found) => found.isDirectory(), () => false)) {
    return [path];
  }
  let names: string[];
  try {
    names = (await readdir(path)).filter((name) => /\.(json|ya?ml)$/.test(name)).toSorted();
  } catch (cause) {
    throw appError("not-readable", { path, why: explainSystemError(cause) }, { cause });
  }
  if (names.length > 0) return names.map((name) => join(path, name));
  const message = `Folder ${path} holds no file whose name ends with .yaml, .yml or .json`;
  throw appError("usage", { message, help: "Folders in it are not looked into." });
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw appError("resource-invalid", { where: nameOf(file), why: "it is not UTF-8" });
  }
}

function nameOf(file: string): string {
  return file === "-" ? "standard input" : file;
}

function readText(text: string, file: string, reading: ManifestReading): ManifestItem[] {
  return splitDocuments(text).flatMap((document) => {
    const before = "\n".repeat(document.linesBefore);
    const whereOf = (path: readonly PropertyKey[]) =>
      `${file}, line ${document.linesBefore + lineOfField(document.text, path)}`;
    return readResources(before + document.text, file, { maxBytes }).flatMap((content) =>
      itemsOf(content).map((item) => readItem(item, whereOf, reading))
    );
  });
}

/** The resources of a list, as `get` and kubectl print them. */
function itemsOf(content: PlainDocument): unknown[] {
  const { kind, items } = content;
  return typeof kind === "string" && kind.endsWith("List") && Array.isArray(items)
    ? items
    : [content];
}

function readItem(
  item: unknown,
  whereOf: (path: readonly PropertyKey[]) => string,
  { warn, namesAlone = false }: ManifestReading,
): ManifestItem {
  const kind = requireKind(item, whereOf);
  const document = item as PlainDocument; // it has a kind
  if (namesAlone) return readName(kind, document, whereOf);
  const hidden = findHidden(document);
  const given = parseResource(kind, withDefaults(kind, document), whereOf) as Resource;
  const { name, namespace, labels, annotations } = given.metadata;
  checkNames(name, namespace, whereOf);
  if (hidden !== undefined) {
    const where = whereOf(hidden.split("."));
    throw appError("value-hidden", { where, field: hidden, kind, name });
  }
  for (const { path, likely } of findUnknownFields(kind, document)) {
    const data = { where: whereOf(path), field: path.join(".") };
    warn(appError("field-unknown", likely === undefined ? data : { ...data, likely }));
  }
  // status, uid, owners and versions are the state of the place that it was printed at
  const said = Object.entries(given).filter(([field]) => writtenFields[kind].includes(field));
  const metadata = { name, ...(labels && { labels }), ...(annotations && { annotations }) };
  const resource = withPlainData({ ...Object.fromEntries(said), metadata } as Resource);
  return { resource, where: whereOf([]), namespace: namespace || undefined };
}

/** The resource with no more than what it is called. */
function readName(
  kind: Kind,
  { apiVersion, metadata }: PlainDocument,
  whereOf: (path: readonly PropertyKey[]) => string,
): ManifestItem {
  const { name = "", namespace = "" } = (metadata ?? {}) as { name?: unknown; namespace?: unknown };
  checkNames(name, namespace, whereOf);
  const resource = { apiVersion, kind, metadata: { name } } as Resource;
  return { resource, where: whereOf([]), namespace: String(namespace) || undefined };
}

function checkNames(
  name: unknown,
  namespace: unknown,
  whereOf: (path: readonly PropertyKey[]) => string,
): void {
  if (typeof name !== "string" || !isSubdomain(name)) {
    const why = "metadata.name must be an RFC 1123 subdomain";
    throw appError("resource-invalid", { where: whereOf(["metadata", "name"]), why });
  }
  if (namespace) checkLabel(String(namespace), "metadata.namespace");
}

function requireKind(item: unknown, whereOf: (path: readonly PropertyKey[]) => string): Kind {
  const { apiVersion, kind } = (item ?? {}) as { apiVersion?: unknown; kind?: unknown };
  if (isKind(kind)) return kind;
  if (typeof kind !== "string" || kind === "") {
    throw appError("resource-invalid", { where: whereOf([]), why: "kind is missing" });
  }
  const where = whereOf(["kind"]);
  const isSkuppers = String(apiVersion).startsWith("skupper.io/");
  throw appError("kind-foreign", { where, kind, isSkuppers, kinds: kindsInOrder.join(", ") });
}

/** A Secret's texts as an API server stores them: in base64, with its other data. */
function withPlainData(resource: Resource): Resource {
  if (resource.kind !== "Secret" || !resource.stringData) return resource;
  const { stringData, ...secret } = resource;
  const encoded = Object.entries(stringData)
    .map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
  return { ...secret, data: { ...secret.data, ...Object.fromEntries(encoded) } };
}
