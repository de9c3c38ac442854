import { dirname } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import type { PlatformName } from "../../../src/platform/name.ts";
import type { ApplyOptions, Platform, RemoveOptions } from "../../../src/platform/platform.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import { checkSubdomain, isSubdomain } from "../../../src/resources/names.ts";
import { siteOwner } from "../../../src/resources/owner.ts";
import { lock } from "../../../src/runtime/lock.ts";
import { explainSystemError } from "../../../src/runtime/system_error.ts";
import { whileAwaiting } from "../../../src/wait/deadline.ts";
import { InputShelf } from "./input_shelf.ts";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";
import { problemReporter } from "./problem_reporter.ts";
import { RecordShelf } from "./record_shelf.ts";
import { copyAsStored, type Shelf, type ShelfReading } from "./shelf.ts";
import type { StoreHooks } from "./store_hooks.ts";
import { watchFolders } from "./watch_files.ts";
import { makeLastingFolder } from "../../../src/runtime/files.ts";

/** The namespace's resources as files: the store of the platforms that live on one machine. */
export class FileStore implements Platform {
  readonly name: PlatformName;
  readonly namespace: string;
  readonly #paths: NamespacePaths;
  readonly #hooks: StoreHooks;
  readonly #input: Shelf;
  readonly #records: RecordShelf;
  readonly #report: ReturnType<typeof problemReporter>;
  readonly #hold: Hold;

  /** `hold` is `heldAlready` for who holds the namespace's lock while the store is used. */
  constructor(
    name: PlatformName,
    paths: NamespacePaths,
    hooks: StoreHooks,
    hold: Hold = withLock,
  ) {
    this.#hold = hold;
    this.name = name;
    this.namespace = paths.namespace;
    this.#paths = paths;
    this.#hooks = hooks;
    this.#input = new InputShelf(paths, hooks);
    this.#records = new RecordShelf(paths, hooks);
    this.#report = problemReporter(hooks.onProblem);
  }

  async get<K extends Kind>(
    kind: K,
    name: string,
    signal: AbortSignal,
  ): Promise<ResourceOf<K> | undefined> {
    signal.throwIfAborted();
    // a name that is none could lead anywhere as part of a path
    if (!isSubdomain(name)) return undefined;
    return (await this.#read(kind, name)).entries.get(name)?.resource;
  }

  async list<K extends Kind>(kind: K, signal: AbortSignal): Promise<ResourceOf<K>[]> {
    signal.throwIfAborted();
    const { entries, stale } = await this.#read(kind);
    if (stale) {
      // a reader who may not write leaves it to one who may
      await this.#hold(this.#paths, signal, () => this.#records.sweep(kind)).catch(() => {});
    }
    const resources = [...entries.values()].map((entry) => entry.resource);
    return resources.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  async apply<K extends Kind>(
    resource: ResourceOf<K>,
    signal: AbortSignal,
    { dryRun = false }: ApplyOptions = {},
  ): Promise<ResourceOf<K>> {
    signal.throwIfAborted();
    const { kind, metadata: { name, resourceVersion: wanted } } = resource;
    checkSubdomain(name, `the name of the ${kind}`);
    return await this.#hold(this.#paths, signal, async () => {
      const before = (await this.#read<Kind>(kind, name)).entries.get(name);
      if (wanted !== undefined && wanted !== (before?.resource.metadata.resourceVersion ?? "")) {
        throw appError("conflict", { kind, name });
      }
      if (before === undefined) await this.#requireOwner(resource);
      await this.#shelfOf(kind).write<Kind>(resource, before, dryRun);
      if (dryRun) return copyAsStored(resource);
      const after = (await this.#read<Kind>(kind, name)).entries.get(name);
      // what was written can't be read: someone without the lock was at it
      if (after === undefined) throw appError("conflict", { kind, name });
      return after.resource as ResourceOf<K>; // of the same kind
    });
  }

  async remove(
    kind: Kind,
    name: string,
    signal: AbortSignal,
    { uid }: RemoveOptions = {},
  ): Promise<void> {
    signal.throwIfAborted();
    if (!isSubdomain(name) || !(await this.#read(kind, name)).entries.has(name)) return;
    await this.#hold(this.#paths, signal, async () => {
      const entry = (await this.#read(kind, name)).entries.get(name);
      if (entry === undefined) return;
      if (uid === undefined || uid === entry.resource.metadata.uid) {
        await this.#shelfOf(kind).remove(entry);
      }
    });
  }

  async *watch<K extends Kind>(
    kind: K,
    signal: AbortSignal,
    name?: string,
  ): AsyncGenerator<ResourceOf<K>[]> {
    let last: string | undefined;
    const places = () => pathsToWatch(this.#paths, this.#hooks);
    for await (const _ of watchFolders(places, signal)) {
      let present: ResourceOf<K>[];
      try {
        present = name === undefined
          ? await this.list(kind, signal)
          : [await this.get(kind, name, signal)].filter((found) => found !== undefined);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      const now = looksOf(present);
      if (now !== last && !signal.aborted) yield present;
      last = now;
    }
  }

  /** Throws `site-gone` for what belongs to a Site that is not the one here. */
  async #requireOwner({ kind, metadata }: ResourceOf<Kind>): Promise<void> {
    const owner = siteOwner(metadata);
    if (owner === undefined) return;
    const site = (await this.#read("Site", owner.name)).entries.get(owner.name)?.resource;
    // the latter is the uid it had before upstream started it
    const uids = [site?.metadata.uid, await this.#hooks.siteUid()];
    if (site !== undefined && uids.includes(owner.uid)) return;
    const { namespace } = this;
    throw appError("site-gone", { kind, name: metadata.name, site: owner.name, namespace });
  }

  #shelfOf(kind: Kind): Shelf {
    return kind === "AccessGrant" || kind === "AccessToken" ? this.#records : this.#input;
  }

  async #read<K extends Kind>(kind: K, name?: string): Promise<ShelfReading<K>> {
    await this.#hooks.admit?.();
    const reading = await this.#shelfOf(kind).read(kind, name);
    this.#report(`${kind} ${name ?? ""}`, reading.problems);
    return reading;
  }
}

/** What differs where anything of the resources does: their versions tell of all but the status. */
function looksOf(resources: ResourceOf<Kind>[]): string {
  return JSON.stringify(resources.map(({ metadata, status }) => [metadata, status]));
}

async function pathsToWatch(paths: NamespacePaths, hooks: StoreHooks): Promise<string[]> {
  const siteUid = await hooks.siteUid();
  return [
    paths.inputResources,
    paths.inputIssuers,
    paths.runtimeResources,
    ...(siteUid === undefined ? [] : [siteStatePaths(paths, siteUid).resources]),
    ...hooks.statusFiles ?? [],
  ];
}

/** Does an action as the only one in the namespace. */
type Hold = typeof withLock;

/** For who holds the namespace's lock. */
export const heldAlready: Hold = (_paths, _signal, action) => action();

/**
 * Does what must not happen twice at once in the namespace, in any process. Throws
 * `data-home-unusable`.
 */
export async function withLock<T>(
  paths: NamespacePaths,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T> {
  try {
    await makeLastingFolder(dirname(paths.lock));
  } catch (cause) {
    const why = explainSystemError(cause);
    throw appError("data-home-unusable", { path: paths.home, why }, { cause });
  }
  const held = await lock(paths.lock, signal).catch((error) => {
    throw whileAwaiting(error, `whoever holds the lock ${paths.lock}`);
  });
  try {
    return await action();
  } finally {
    held.release();
  }
}
