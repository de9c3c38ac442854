import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type AppError, appError, isAppError } from "../../../src/errors/app_error.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import { isSubdomain } from "../../../src/resources/names.ts";
import { findUnknownFields } from "../../../src/resources/unknown_fields.ts";
import { withDefaults } from "../../../src/resources/defaults.ts";
import { parseResource, type PlainDocument } from "../../../src/resources/yaml.ts";
import { explainSystemError, systemErrorCode } from "../../../src/runtime/system_error.ts";
import { type DocumentText, lineOfField } from "../../../src/resources/document_text.ts";
import { type ParsedFile, readParsedFile } from "./parsed_file.ts";

/** Where a resource stands: a document of a file, as both were when they were read. */
export interface FilePlace {
  source: ParsedFile;
  document: DocumentText;
}

/** A resource and all its places; as for upstream, the last is in force. */
export interface FoundResource<K extends Kind> {
  /** Shared with other readers: to be copied before it is changed or given away. */
  resource: ResourceOf<K>;
  places: [...FilePlace[], FilePlace];
}

/** What a folder holds of a kind. */
export interface FolderReading<K extends Kind> {
  resources: Map<string, FoundResource<K>>;
  /** Why documents and files are left out. */
  problems: AppError[];
  /**
   * Files that can't be read now or are empty, maybe as someone is writing them, and why nobody can
   * tell what they hold.
   */
  doubtful: Map<string, AppError>;
}

/**
 * Reads a folder as upstream's loader does (docs/spec/skupper-system-sites.md 1.3): every .yaml and
 * .yml file at any depth, with any number of documents. A resource is known by kind and
 * metadata.name, whatever its file is called. A broken document hides nothing else. An absent
 * folder is empty. Throws `not-readable` if the folder can't be listed.
 */
export async function readFolder<K extends Kind>(
  folder: string,
  kind: K,
  namespace: string,
): Promise<FolderReading<K>> {
  const ignored: string[] = [];
  const reading = readFiles(await listResourceFiles(folder, ignored), kind, namespace);
  const why = "its name must end with .yaml or .yml";
  reading.problems.push(...ignored.map((file) => appError("file-ignored", { file, why })));
  return reading;
}

/** Reads those files in that order; absent ones are empty. */
export function readFiles<K extends Kind>(
  files: string[],
  kind: K,
  namespace: string,
): FolderReading<K> {
  const reading: FolderReading<K> = { resources: new Map(), problems: [], doubtful: new Map() };
  for (const file of files) {
    attempt(file, reading, () => {
      const source = readParsedFile(file);
      if (source !== undefined) takeFrom(source, kind, namespace, reading);
    });
  }
  return reading;
}

/**
 * Where a folder has resources of Skupper, of any kind but Site: also kinds that no platform
 * stores, and what no schema accepts. What can't be read is passed over. Throws `not-readable` if
 * the folder can't be listed.
 */
export async function findDependents(folder: string): Promise<FilePlace[]> {
  const found: FilePlace[] = [];
  for (const file of await listResourceFiles(folder)) {
    try {
      const source = readParsedFile(file);
      for (const { document, content } of source?.documents ?? []) {
        if (isDependent(content ?? {})) found.push({ source: source!, document });
      }
    } catch (problem) {
      if (!isAppError(problem)) throw problem;
    }
  }
  return found;
}

function isDependent({ apiVersion, kind }: PlainDocument): boolean {
  return String(apiVersion).startsWith("skupper.io/") && kind !== "Site";
}

/**
 * The resource files in a folder and the folders in it, in upstream's order; hidden ones are those
 * of editors. Files that look as if they were meant are added to `ignored`.
 */
export async function listResourceFiles(
  folder: string,
  ignored: string[] = [],
): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await listFolder(folder)) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory()) files.push(...await listResourceFiles(path, ignored));
    else if (/\.ya?ml$/.test(entry.name)) files.push(path);
    else if (/\.(ya?ml|json)$/i.test(entry.name)) ignored.push(path);
  }
  return files;
}

/** What is in a folder, ordered by name; nothing if there is no folder. Throws `not-readable`. */
export async function listFolder(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return [];
    throw appError("not-readable", { path: folder, why: explainSystemError(cause) }, { cause });
  }
}

function takeFrom<K extends Kind>(
  source: ParsedFile,
  kind: K,
  namespace: string,
  reading: FolderReading<K>,
): void {
  if (source.text.trim() === "") {
    reading.doubtful.set(
      source.file,
      appError("not-readable", { path: source.file, why: "it is empty" }),
    );
  }
  for (const { document, content, problem } of source.documents) {
    attempt(source.file, reading, () => {
      if (problem !== undefined) throw problem;
      if (content?.["kind"] === "List") {
        const why = "of its documents, a List is not read: separate its items with ---";
        throw appError("file-ignored", { file: source.file, why });
      }
      if (content?.["kind"] !== kind) return;
      const where = (path: readonly PropertyKey[]) =>
        `${source.file}, line ${document.linesBefore + lineOfField(document.text, path)}`;
      const { resource, unknown } = check(kind, content, namespace, where);
      reading.problems.push(...unknown);
      const { name } = resource.metadata;
      const places = reading.resources.get(name)?.places ?? [];
      if (places.length > 0) {
        const why = `${kind} "${name}" stands further down, or in a later file, too: that counts`;
        const { file } = places.at(-1)!.source;
        reading.problems.push(appError("file-ignored", { file, why }));
      }
      reading.resources.set(name, { resource, places: [...places, { source, document }] });
    });
  }
}

/**
 * Does what may find the file, or a document of it, broken: that is noted and hides nothing else.
 */
function attempt<K extends Kind>(file: string, reading: FolderReading<K>, read: () => void): void {
  try {
    read();
  } catch (problem) {
    if (!isAppError(problem)) throw problem;
    reading.problems.push(problem);
    reading.doubtful.set(file, problem);
  }
}

interface Checked {
  namespace: string;
  resource: ResourceOf<Kind>;
  /** Fields of the document that have no effect. */
  unknown: AppError[];
}

/** What came of a document that is shared, and so is the same when it is looked at again. */
const checked = new WeakMap<PlainDocument, Checked>();

/** Checks a document of that kind; throws `resource-invalid`. */
function check<K extends Kind>(
  kind: K,
  content: PlainDocument,
  namespace: string,
  where: (path: readonly PropertyKey[]) => string,
): Checked & { resource: ResourceOf<K> } {
  let found = checked.get(content);
  if (found?.namespace !== namespace) {
    const resource = checkResource(kind, content, namespace, where);
    const unknown = findUnknownFields(kind, content).map(({ path, likely }) =>
      appError("field-unknown", {
        where: where(path),
        field: path.join("."),
        ...(likely === undefined ? {} : { likely }),
      })
    );
    found = { namespace, resource, unknown };
    checked.set(content, found);
  }
  return found as Checked & { resource: ResourceOf<K> }; // of the document's kind
}

function checkResource<K extends Kind>(
  kind: K,
  content: PlainDocument,
  namespace: string,
  where: (path: readonly PropertyKey[]) => string,
): ResourceOf<K> {
  const resource = parseResource(kind, withDefaults(kind, content), where);
  const { name, namespace: own } = resource.metadata;
  let why: string | undefined;
  if (!isSubdomain(name)) why = "metadata.name must be an RFC 1123 subdomain";
  if (own && own !== namespace) {
    why = `metadata.namespace must be "${namespace}", as the folder it is in`;
  }
  if (why !== undefined) {
    throw appError("resource-invalid", { where: where(why.split(" ")[0]!.split(".")), why });
  }
  return resource;
}
