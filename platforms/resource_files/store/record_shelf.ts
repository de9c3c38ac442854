import { steadyNow } from "../../../src/runtime/clock.ts";
import { randomUUID } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { appError } from "../../../src/errors/app_error.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import { syncFound } from "../../../src/runtime/files.ts";
import { derivedUid } from "./derived_uid.ts";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";
import {
  type FolderReading,
  type FoundResource,
  listResourceFiles,
  readFiles,
  readFolder,
} from "./resource_reader.ts";
import {
  putResource,
  rehearseResource,
  removeFile,
  removeResource,
  resourceFile,
} from "./resource_writer.ts";
import {
  contentVersion,
  copyAsStored,
  type Shelf,
  type ShelfEntry,
  type ShelfReading,
  withoutFields,
  withoutState,
} from "./shelf.ts";
import type { StoreHooks } from "./store_hooks.ts";

/** In a record: the input file that has the say about spec, labels and annotations. */
const originField = "hawser/origin";

/** Editors that save by renaming put the new file in the place of the old one within this time. */
const replacedWithinMs = 1500;

/** What writes a file piece by piece (a pipe, a copy over a network) pauses no longer than this. */
const writtenWithinMs = 5000;

/** What is missing in the input, since when by the steady clock, and what its file looks like. */
interface Absence {
  since: number;
  looks: string;
}

/**
 * Keeps AccessGrants and AccessTokens as whole records in our own state, where upstream loses none
 * of their status (docs/spec/skupper-system-sites.md 11). One that a user has put into the
 * namespace's input is served from there; its record holds status, uid and generation, and the spec
 * these are about. It is gone when its file is, or holds it no more, but not while the file can't
 * be read, nor while it is replaced or written.
 */
export class RecordShelf implements Shelf {
  readonly #paths: NamespacePaths;
  readonly #hooks: StoreHooks;
  /** What this process has seen in the input, by kind and name; undefined while it is there. */
  readonly #absences = new Map<string, Absence | undefined>();

  constructor(paths: NamespacePaths, hooks: StoreHooks) {
    this.#paths = paths;
    this.#hooks = hooks;
  }

  async read<K extends Kind>(kind: K, name?: string): Promise<ShelfReading<K>> {
    const { namespace } = this.#paths;
    const siteUid = await this.#hooks.siteUid();
    const input = await readFolder(this.#paths.inputResources, kind, namespace);
    const records = await this.#readRecords(siteUid, kind, name);
    const [unreadable] = records.doubtful.values();
    // what is there and can't be read is not gone: its grant would end, or be another one
    if (name !== undefined && unreadable !== undefined) throw unreadable;
    const entries = new Map<string, ShelfEntry<K>>();
    let stale = false;
    for (const [found, record] of records.resources) {
      if (this.#isStale(record.resource, input)) stale = true;
      else entries.set(found, { resource: serveRecord(record.resource), record });
    }
    for (const [found, inInput] of input.resources) {
      if (name !== undefined && name !== found) continue;
      const isUnreadable = (file: string) => records.doubtful.has(file);
      if (siteUid !== undefined && isUnreadable(this.#recordFile(siteUid, kind, found))) continue;
      const record = records.resources.get(found);
      const resource = serveInput(inInput, record?.resource, namespace, siteUid);
      entries.set(found, { resource, input: inInput, record });
    }
    return { entries, problems: [...input.problems, ...withoutFields(records.problems)], stale };
  }

  async write<K extends Kind>(
    resource: ResourceOf<K>,
    before: ShelfEntry<K> | undefined,
    dryRun: boolean,
  ): Promise<void> {
    const { kind, metadata: { name } } = resource;
    const { namespace, inputResources } = this.#paths;
    const siteUid = await this.#hooks.siteUid();
    if (siteUid === undefined) {
      throw appError("site-missing", { namespace, purpose: `store ${kind} "${name}"` });
    }
    const place = before?.input?.places.at(-1);
    const source = withoutState(resource, namespace);
    const put = dryRun ? rehearseResource : putResource;
    // the file has the say, so what is changed is changed there
    if (
      before?.input && !isDeepStrictEqual(source, withoutState(before.input.resource, namespace))
    ) {
      await put(inputResources, kind, name, source, place);
    }
    const record = copyAsStored({
      ...source,
      metadata: { ...source.metadata, ...succeed(source, resource, before) },
      status: resource.status,
      [originField]: place === undefined
        ? before?.record && originOf(before.record.resource)
        : relative(inputResources, place.source.file),
    });
    const present = before?.record;
    if (present && isDeepStrictEqual(record, present.resource)) {
      return dryRun ? undefined : await syncFound(present.places[0].source.file);
    }
    await put(
      siteStatePaths(this.#paths, siteUid).resources,
      kind,
      name,
      record,
      undefined,
    );
  }

  async remove<K extends Kind>({ input, record }: ShelfEntry<K>): Promise<void> {
    // this order: without its input file the record is stale, and swept
    if (input !== undefined) await removeResource(input);
    if (record !== undefined) await removeResource(record);
  }

  async sweep(kind: Kind): Promise<void> {
    const input = await readFolder(this.#paths.inputResources, kind, this.#paths.namespace);
    const records = await this.#readRecords(await this.#hooks.siteUid(), kind);
    for (const { resource, places } of records.resources.values()) {
      if (this.#isStale(resource, input)) await removeFile(places[0].source.file);
    }
  }

  async #readRecords<K extends Kind>(
    siteUid: string | undefined,
    kind: K,
    name?: string,
  ): Promise<FolderReading<K>> {
    const { namespace } = this.#paths;
    if (siteUid === undefined) return readFiles([], kind, namespace);
    const folder = siteStatePaths(this.#paths, siteUid).resources;
    const files = name === undefined
      ? (await listResourceFiles(folder)).filter((file) =>
        file.startsWith(join(folder, `${kind}-`))
      )
      : [this.#recordFile(siteUid, kind, name)];
    const reading = readFiles(files, kind, namespace);
    // a record that was cut short may be YAML still
    const places = [...reading.resources.values()].flatMap((found) => found.places);
    const whole = new Set(places.map(({ source }) => source.file));
    for (const file of files) {
      if (whole.has(file) || reading.doubtful.has(file) || !existsSync(file)) continue;
      const problem = appError("resource-invalid", { where: file, why: `it holds no ${kind}` });
      reading.doubtful.set(file, problem);
      reading.problems.push(problem);
    }
    return reading;
  }

  #recordFile(siteUid: string, kind: Kind, name: string): string {
    return resourceFile(siteStatePaths(this.#paths, siteUid).resources, kind, name);
  }

  #isStale(record: ResourceOf<Kind>, input: FolderReading<Kind>): boolean {
    const origin = originOf(record);
    if (origin === undefined) return false;
    const { kind, metadata: { name } } = record;
    const key = `${kind}/${name}`;
    if (input.resources.has(name)) {
      this.#absences.set(key, undefined);
      return false;
    }
    const file = join(this.#paths.inputResources, origin);
    return !input.doubtful.has(file) && !this.#mayReturn(key, file);
  }

  /**
   * True for what was in that file a moment ago: the file may be being replaced or written, for as
   * long as it changes. Who has seen it there measures that by a clock that nobody sets; else it is
   * what the time of the file, or of its folder, says.
   */
  #mayReturn(key: string, file: string): boolean {
    const found = statSync(file, { throwIfNoEntry: false });
    const withinMs = found === undefined ? replacedWithinMs : writtenWithinMs;
    if (!this.#absences.has(key)) return wasChangedWithin(withinMs, found ? file : dirname(file));
    const now = (this.#hooks.steady ?? steadyNow)();
    const looks = found === undefined ? "" : `${found.ino} ${found.size} ${found.mtimeMs}`;
    const before = this.#absences.get(key);
    const since = before?.looks === looks ? before.since : now;
    this.#absences.set(key, { since, looks });
    return now - since < withinMs;
  }
}

/** Versions of records, which are shared and so stay what they are. */
const versions = new WeakMap<object, string>();

function serveRecord<R extends ResourceOf<Kind>>(record: R): R {
  const resource = copyAsStored(record);
  delete (resource as Record<string, unknown>)[originField];
  const version = versions.get(record) ?? contentVersion(resource);
  versions.set(record, version);
  resource.metadata.resourceVersion = version;
  return resource;
}

function serveInput<K extends Kind>(
  input: FoundResource<K>,
  record: ResourceOf<K> | undefined,
  namespace: string,
  siteUid: string | undefined,
): ResourceOf<K> {
  const resource = withoutState(input.resource, namespace);
  const { metadata } = resource;
  if (siteUid !== undefined) {
    const { inode, changedMs, placedMs } = input.places.at(-1)!.source;
    // until the first apply makes it a record, another file is another resource; so is one that was
    // away and came back, which has the inode and the time of before, but for the system's own
    metadata.uid = record?.metadata.uid ??
      derivedUid(siteUid, resource.kind, metadata.name, `${inode} ${changedMs} ${placedMs}`);
    metadata.creationTimestamp = record?.metadata.creationTimestamp ??
      new Date(changedMs).toISOString();
    metadata.generation = nextGeneration(record, resource);
  }
  if (record?.status !== undefined) resource.status = copyAsStored(record.status);
  metadata.resourceVersion = contentVersion(resource);
  return resource;
}

/** The identity of what is stored after `before`, with `source` as its spec. */
function succeed<K extends Kind>(
  source: ResourceOf<K>,
  applied: ResourceOf<K>,
  before: ShelfEntry<K> | undefined,
) {
  const known = before?.resource.metadata;
  return {
    // one that has no record yet keeps the uid it was read with, though its file be touched since
    uid: before?.record?.resource.metadata.uid ?? (known && applied.metadata.uid) ?? known?.uid ??
      randomUUID(),
    creationTimestamp: known?.creationTimestamp ?? new Date().toISOString(),
    generation: nextGeneration(before?.record?.resource, source),
  };
}

function nextGeneration(before: object | undefined, after: object): number {
  if (before === undefined) return 1;
  const { metadata, spec } = before as { metadata: { generation?: number }; spec?: unknown };
  const generation = metadata.generation ?? 1;
  return isDeepStrictEqual(spec, (after as { spec?: unknown }).spec) ? generation : generation + 1;
}

function wasChangedWithin(ms: number, path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs < ms;
}

function originOf(record: object): string | undefined {
  const origin = (record as Record<string, unknown>)[originField];
  return typeof origin === "string" ? origin : undefined;
}
