import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { appError } from "../errors/app_error.ts";
import type { Kind, Resource, ResourceOf } from "../resources/kinds.ts";
import { checkSubdomain } from "../resources/names.ts";
import { siteOwner } from "../resources/owner.ts";
import type { PlatformName } from "./name.ts";
import type { Platform } from "./platform.ts";

/**
 * A platform held in memory: the reference of the contract, and what tests of domain code run on.
 */
export function memoryPlatform(
  namespace = "default",
  name: PlatformName = "linux",
): Platform {
  const stored = new Map<string, Resource>();
  const bells = new Set<() => void>();
  let version = 0;

  function listNow<K extends Kind>(kind: K): ResourceOf<K>[] {
    const found = [...stored.values()].filter((resource) => resource.kind === kind);
    found.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    return structuredClone(found) as ResourceOf<K>[]; // filtered by kind
  }

  function ring() {
    for (const bell of bells) bell();
  }

  return {
    name,
    namespace,

    async get(kind, name, signal) {
      await begin(signal);
      return structuredClone(stored.get(`${kind}/${name}`)) as ResourceOf<typeof kind> | undefined;
    },

    async list(kind, signal) {
      await begin(signal);
      return listNow(kind);
    },

    async apply(resource, signal, { dryRun = false } = {}) {
      await begin(signal);
      checkSubdomain(resource.metadata.name, `the name of the ${resource.kind}`);
      const key = `${resource.kind}/${resource.metadata.name}`;
      const before = stored.get(key);
      const wanted = resource.metadata.resourceVersion;
      if (wanted !== undefined && wanted !== (before?.metadata.resourceVersion ?? "")) {
        throw appError("conflict", { kind: resource.kind, name: resource.metadata.name });
      }
      const owner = before === undefined ? siteOwner(resource.metadata) : undefined;
      if (owner !== undefined && stored.get(`Site/${owner.name}`)?.metadata.uid !== owner.uid) {
        const { kind, metadata: { name } } = resource;
        throw appError("site-gone", { kind, name, site: owner.name, namespace });
      }
      const after = succeed(before, resource, namespace);
      if (!dryRun && !isDeepStrictEqual(after, before)) {
        after.metadata.resourceVersion = String(++version);
        stored.set(key, after);
        ring();
      }
      return structuredClone(after) as typeof resource; // a copy of what came in
    },

    async remove(kind, name, signal, { uid } = {}) {
      await begin(signal);
      if (uid !== undefined && stored.get(`${kind}/${name}`)?.metadata.uid !== uid) return;
      if (stored.delete(`${kind}/${name}`)) ring();
    },

    async *watch(kind, signal, name) {
      let wake = () => {};
      const bell = () => wake();
      bells.add(bell);
      signal.addEventListener("abort", bell);
      try {
        let last: unknown;
        while (!signal.aborted) {
          const list = listNow(kind).filter(({ metadata }) =>
            name === undefined || metadata.name === name
          );
          if (isDeepStrictEqual(list, last)) {
            await new Promise<void>((resolve) => wake = resolve);
          } else {
            last = structuredClone(list);
            yield list;
          }
        }
      } finally {
        bells.delete(bell);
        signal.removeEventListener("abort", bell);
      }
    },
  };
}

/** No real store answers at once, or a call that was aborted before it began. */
async function begin(signal: AbortSignal): Promise<void> {
  await Promise.resolve();
  signal.throwIfAborted();
}

/** The resource as it is stored after `before`, with the fields that the platform sets. */
function succeed(before: Resource | undefined, resource: Resource, namespace: string): Resource {
  // through JSON, as every real store keeps it: what is undefined is absent
  const after: Resource = JSON.parse(JSON.stringify(resource));
  const { uid, creationTimestamp, generation = 0, resourceVersion = "" } = before?.metadata ?? {};
  after.metadata.namespace = namespace;
  after.metadata.uid = uid ?? randomUUID();
  after.metadata.creationTimestamp = creationTimestamp ?? new Date().toISOString();
  after.metadata.generation =
    before !== undefined && isDeepStrictEqual(specOf(after), specOf(before))
      ? generation
      : generation + 1;
  after.metadata.resourceVersion = resourceVersion;
  return after;
}

function specOf(resource: Resource): unknown {
  return (resource as { spec?: unknown }).spec; // a Secret has none
}
