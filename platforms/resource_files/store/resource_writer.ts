import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import type { Kind } from "../../../src/resources/kinds.ts";
import { writeResource } from "../../../src/resources/yaml.ts";
import {
  makePrivateFolder,
  rehearseWrite,
  syncFolder,
  writeWhole,
} from "../../../src/runtime/files.ts";
import { explainSystemError, unlessAbsent } from "../../../src/runtime/system_error.ts";
import { removeDocument, replaceDocument } from "../../../src/resources/document_text.ts";
import { type FilePlace, type FoundResource, listFolder } from "./resource_reader.ts";

/** A file name may be no longer, in bytes, on any file system in use. */
const maxFileName = 255;

/**
 * The file a resource gets that has none yet, as upstream names it. A name that is too long for
 * that is cut, and told from others by its hash: readers go by what is inside.
 */
export function resourceFile(folder: string, kind: Kind, name: string): string {
  const file = `${kind}-${name}.yaml`;
  if (file.length <= maxFileName) return join(folder, file);
  const ending = `-${createHash("sha256").update(name).digest("hex").slice(0, 16)}.yaml`;
  return join(folder, file.slice(0, maxFileName - ending.length) + ending);
}

/**
 * Writes a resource where it stands, else into a new file of `folder`. Other documents of the same
 * file stay as they are. Throws `not-writable`.
 */
export async function putResource(
  folder: string,
  kind: Kind,
  name: string,
  resource: object,
  place: FilePlace | undefined,
): Promise<void> {
  const content = writeResource(resource);
  if (place !== undefined) {
    const { file, text } = place.source;
    return await write(file, replaceDocument(text, place.document, content));
  }
  await makePrivateFolder(folder);
  await sweepLeftovers(folder);
  await write(resourceFile(folder, kind, name), content);
}

/** Sees whether `putResource` could do the same now. Throws `not-writable`. */
export async function rehearseResource(
  folder: string,
  kind: Kind,
  name: string,
  resource: object,
  place: FilePlace | undefined,
): Promise<void> {
  // about as long as the YAML, which takes a thousand times as long to write where keys are in it
  const bytes = Buffer.byteLength(JSON.stringify(resource));
  if (place !== undefined) {
    const { file, text } = place.source;
    return await rehearseWrite(file, Buffer.byteLength(text) + bytes);
  }
  await makePrivateFolder(folder);
  await rehearseWrite(resourceFile(folder, kind, name), bytes);
}

/** Removes a resource from every place it stands in, as `removePlaces`. */
export async function removeResource<K extends Kind>(found: FoundResource<K>): Promise<void> {
  await removePlaces(found.places);
}

/** Removes documents; a file that holds nothing else goes too. Throws `not-writable`. */
export async function removePlaces(all: FilePlace[]): Promise<void> {
  for (const [source, places] of Map.groupBy(all, (place) => place.source)) {
    let text: string | undefined = source.text;
    // from the last to the first, so that those to come stay where they are
    for (const place of places.toReversed()) text = text && removeDocument(text, place.document);
    if (text) await write(source.file, text);
    else await removeFile(source.file);
  }
}

/** Removes a file, on the disk too; absent is not an error. Throws `not-writable`. */
export async function removeFile(file: string): Promise<void> {
  try {
    await rm(file, { force: true });
    await unlessAbsent(syncFolder(dirname(file)));
  } catch (cause) {
    throw appError("not-writable", { path: file, why: explainSystemError(cause) }, { cause });
  }
}

async function write(file: string, text: string): Promise<void> {
  await writeWhole(file, text, { mode: 0o600, replace: "always" });
}

/** Removes what writers that were killed have left: their files are never taken up by readers. */
async function sweepLeftovers(folder: string): Promise<void> {
  const oldMs = Date.now() - 60_000;
  for (const { name } of await listFolder(folder)) {
    if (!/^\.hawser-[0-9a-f]+\.tmp$/.test(name)) continue;
    const left = await stat(join(folder, name)).catch(() => undefined);
    if (left !== undefined && left.mtimeMs < oldMs) await removeFile(join(folder, name));
  }
}
