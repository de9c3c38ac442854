import { type Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type AppError, appError, isAppError } from "../../src/errors/app_error.ts";
import { type Kind, type ResourceOf } from "../../src/resources/kinds.ts";
import { isSubdomain } from "../../src/resources/names.ts";
import { parseResource, type PlainDocument, readResources } from "../../src/resources/yaml.ts";
import { explainSystemError, systemErrorCode } from "../../src/runtime/system_error.ts";
import { type DocumentText, splitDocuments } from "./document_text.ts";

/** Where a resource stands: a document of a file, as both were when they were read. */
export interface Place {
  file: string;
  /** The whole text of the file. */
  text: string;
  document: DocumentText;
  /** When the file was changed last, in milliseconds since 1970, and which file it is. */
  changedMs: number;
  inode: number;
}

/** A resource and all its places; as for upstream, the last is in force. */
export interface FoundResource<K extends Kind> {
  resource: ResourceOf<K>;
  places: [...Place[], Place];
}

/** What a folder holds of a kind. */
export interface FolderReading<K extends Kind> {
  resources: Map<string, FoundResource<K>>;
  /** Why documents and files are left out. */
  problems: AppError[];
  /** Files that can't be read now or are empty, maybe as someone is writing them. */
  doubtful: Set<string>;
}

const maxBytes = 1024 * 1024;

/**
 * Reads a folder as upstream's loader does (spec/skupper-system-sites.md 1.3): every .yaml and .yml
 * file at any depth, any number of documents each, known by kind and metadata.name whatever the file
 * is called. What is broken hides nothing else. An absent folder is empty; throws `not-readable` if it
 * can't be listed.
 */
export async function readFolder<K extends Kind>(
  folder: string,
  kind: K,
  namespace: string,
): Promise<FolderReading<K>> {
  return await readFiles(await listResourceFiles(folder), kind, namespace);
}

/** Reads those files in that order; absent ones are empty. */
export async function readFiles<K extends Kind>(
  files: string[],
  kind: K,
  namespace: string,
): Promise<FolderReading<K>> {
  const reading: FolderReading<K> = { resources: new Map(), problems: [], doubtful: new Set() };
  for (const file of files) await readResourceFile(file, kind, namespace, reading);
  return reading;
}

/** The resource files in a folder and the folders in it, in upstream's order. */
export async function listResourceFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await listFolder(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...await listResourceFiles(path));
    else if (/\.ya?ml$/.test(entry.name)) files.push(path);
  }
  return files;
}

/** What is in a folder, ordered by name; nothing if there is no folder. Throws `not-readable`. */
export async function listFolder(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw unreadable(folder, cause);
  }
}

async function readResourceFile<K extends Kind>(
  file: string,
  kind: K,
  namespace: string,
  reading: FolderReading<K>,
): Promise<void> {
  const found = await readText(file).catch((problem: AppError) => problem);
  if (found === undefined) return;
  if (found instanceof Error) {
    reading.problems.push(found);
    reading.doubtful.add(file);
    return;
  }
  if (found.text.trim() === "") reading.doubtful.add(file);
  for (const document of splitDocuments(found.text)) {
    try {
      const content = readDocument(document, file);
      if (content?.["kind"] !== kind) continue;
      const resource = checkResource(kind, content, `${file}, line ${document.linesBefore + 1}`);
      checkNamespace(resource.metadata.namespace, namespace, file);
      const { name } = resource.metadata;
      const places = reading.resources.get(name)?.places ?? [];
      reading.resources.set(name, { resource, places: [...places, { file, document, ...found }] });
    } catch (problem) {
      if (!isAppError(problem)) throw problem;
      reading.problems.push(problem);
      reading.doubtful.add(file);
    }
  }
}

async function readText(
  file: string,
): Promise<Pick<Place, "text" | "changedMs" | "inode"> | undefined> {
  try {
    const { size, mtimeMs, ino } = await statFile(file);
    if (size > maxBytes) throw invalid(file, `it exceeds ${maxBytes} bytes`);
    return { text: await readFile(file, "utf8"), changedMs: mtimeMs, inode: ino };
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw isAppError(cause) ? cause : unreadable(file, cause);
  }
}

async function statFile(file: string) {
  const found = await stat(file);
  // a pipe with that name would be waited for without end
  if (!found.isFile()) throw invalid(file, "it is not a regular file");
  return found;
}

/** The document's content, if it has any; errors name the line of the file. */
function readDocument(document: DocumentText, file: string): PlainDocument | undefined {
  const [content, ...more] = readResources("\n".repeat(document.linesBefore) + document.text, file);
  if (more.length > 0) throw invalid(file, `documents must be separated by "---"`);
  return content;
}

function checkResource<K extends Kind>(kind: K, content: PlainDocument, where: string) {
  const resource = parseResource(kind, content, where);
  if (!isSubdomain(resource.metadata.name)) {
    throw invalid(where, "metadata.name must be an RFC 1123 subdomain");
  }
  return resource;
}

function checkNamespace(own: string | undefined, wanted: string, file: string): void {
  if (!own || own === wanted) return;
  throw invalid(file, `metadata.namespace must be "${wanted}", as the folder it is in`);
}

function invalid(where: string, why: string): AppError {
  return appError("resource-invalid", { where, why });
}

function unreadable(path: string, cause: unknown): AppError {
  return appError("not-readable", { path, why: explainSystemError(cause) }, { cause });
}

function isAbsent(cause: unknown): boolean {
  return systemErrorCode(cause) === "ENOENT";
}
