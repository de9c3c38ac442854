import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import type { PlatformName } from "../../../src/platform/name.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import { checkSubdomain, isSubdomain } from "../../../src/resources/names.ts";
import { lock } from "../../../src/runtime/lock.ts";
import { explainSystemError } from "../../../src/runtime/system_error.ts";
import { inputShelf } from "./input_shelf.ts";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";
import { problemReporter } from "./problem_reporter.ts";
import { recordShelf } from "./record_shelf.ts";
import type { Shelf } from "./shelf.ts";
import type { StoreHooks } from "./store_hooks.ts";
import { watchFolders } from "./watch_files.ts";

/** The namespace's resources as files: the store of the platforms that live on one machine. */
export function openFileStore(
  name: PlatformName,
  paths: NamespacePaths,
  hooks: StoreHooks,
): Platform {
  const { namespace } = paths;
  const input = inputShelf(paths, hooks);
  const records = recordShelf(paths, hooks);
  const report = problemReporter(hooks.onProblem);

  function shelfOf(kind: Kind): Shelf {
    return kind === "AccessGrant" || kind === "AccessToken" ? records : input;
  }

  async function read<K extends Kind>(kind: K, name?: string) {
    await hooks.admit?.();
    const reading = await shelfOf(kind).read(kind, name);
    report(`${kind} ${name ?? ""}`, reading.problems);
    return reading;
  }

  async function list<K extends Kind>(kind: K, signal: AbortSignal): Promise<ResourceOf<K>[]> {
    signal.throwIfAborted();
    const { entries, stale } = await read(kind);
    // a reader who may not write leaves it to one who may
    if (stale) await withLock(paths, signal, () => records.sweep!(kind)).catch(() => {});
    const resources = [...entries.values()].map((entry) => entry.resource);
    return resources.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  return {
    name,
    namespace,
    list,

    async get(kind, name, signal) {
      signal.throwIfAborted();
      // a name that is none could lead anywhere as part of a path
      if (!isSubdomain(name)) return undefined;
      return (await read(kind, name)).entries.get(name)?.resource;
    },

    async apply(resource, signal) {
      signal.throwIfAborted();
      const { kind, metadata: { name, resourceVersion: wanted } } = resource;
      checkSubdomain(name, `the name of the ${kind}`);
      return await withLock(paths, signal, async () => {
        const before = (await read<Kind>(kind, name)).entries.get(name);
        if (wanted !== undefined && wanted !== (before?.resource.metadata.resourceVersion ?? "")) {
          throw appError("conflict", { kind, name });
        }
        await shelfOf(kind).write<Kind>(resource, before);
        const after = (await read<Kind>(kind, name)).entries.get(name);
        // what was written can't be read: someone without the lock was at it
        if (after === undefined) throw appError("conflict", { kind, name });
        return after.resource as typeof resource; // of the same kind
      });
    },

    async remove(kind, name, signal) {
      signal.throwIfAborted();
      if (!isSubdomain(name) || !(await read(kind, name)).entries.has(name)) return;
      await withLock(paths, signal, async () => {
        const entry = (await read(kind, name)).entries.get(name);
        if (entry !== undefined) await shelfOf(kind).remove(entry);
      });
    },

    async *watch(kind, signal) {
      let last: string | undefined;
      for await (const _ of watchFolders(() => pathsToWatch(paths, hooks), signal)) {
        let present: ResourceOf<typeof kind>[];
        try {
          present = await list(kind, signal);
        } catch (error) {
          if (signal.aborted) return;
          throw error;
        }
        const now = JSON.stringify(present);
        if (now !== last && !signal.aborted) yield present;
        last = now;
      }
    },
  };
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

/** Does what must not happen twice at once in the namespace, in any process. Throws `data-home-unusable`. */
export async function withLock<T>(
  paths: NamespacePaths,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T> {
  try {
    await mkdir(dirname(paths.lock), { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = explainSystemError(cause);
    throw appError("data-home-unusable", { path: paths.home, why }, { cause });
  }
  const held = await lock(paths.lock, signal);
  try {
    return await action();
  } finally {
    held.release();
  }
}
