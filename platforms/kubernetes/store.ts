import { isDeepStrictEqual } from "node:util";
import { appError, isAppError } from "../../src/errors/app_error.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { Kind, ResourceOf } from "../../src/resources/kinds.ts";
import { checkSubdomain, isSubdomain } from "../../src/resources/names.ts";
import type { ApiClient } from "./api/client.ts";
import { apiResources } from "./api/request.ts";
import { readList, sortByName, toResource } from "./api/list.ts";
import { watchList } from "./api/watch.ts";

/**
 * The resources of a namespace behind an API server. `peek` gives what is known of one without asking,
 * where something is; it need not be the latest.
 */
export function openClusterStore(
  api: ApiClient,
  namespace: string,
  peek: <K extends Kind>(kind: K, name: string) => ResourceOf<K> | undefined = () => undefined,
): Platform {
  async function read<K extends Kind>(
    kind: K,
    name: string,
    signal: AbortSignal,
  ): Promise<ResourceOf<K> | undefined> {
    try {
      return toResource(kind, await api.send({ verb: "get", kind, namespace, name }, signal));
    } catch (error) {
      if (isAppError(error, "resource-not-found")) return undefined;
      throw error;
    }
  }

  /** Creates it, its status too; throws `conflict` if there is one. */
  async function create<K extends Kind>(
    resource: ResourceOf<K>,
    signal: AbortSignal,
  ): Promise<ResourceOf<K>> {
    const kind = resource.kind as K; // the schema of K says so
    const { name } = resource.metadata;
    const body = mainOf(resource);
    const made = await api.send({ verb: "create", kind, namespace, name, body }, signal);
    return await writeStatus(toResource(kind, made), resource, signal);
  }

  /** Replaces the stored one where it differs; throws `conflict` if it has changed since. */
  async function replace<K extends Kind>(
    stored: ResourceOf<K>,
    resource: ResourceOf<K>,
    signal: AbortSignal,
  ): Promise<ResourceOf<K>> {
    const written = isDeepStrictEqual(mainOf(resource), mainOf(stored))
      ? stored
      : await update(resource, stored.metadata.resourceVersion!, signal);
    return await writeStatus(written, resource, signal);
  }

  /** A status is stored apart from the rest, and not at all by a write of the rest. */
  async function writeStatus<K extends Kind>(
    stored: ResourceOf<K>,
    { status }: ResourceOf<K>,
    signal: AbortSignal,
  ): Promise<ResourceOf<K>> {
    if (status === undefined || isDeepStrictEqual(status, stored.status)) return stored;
    const { resourceVersion } = stored.metadata;
    return await update({ ...stored, status }, resourceVersion!, signal, "status");
  }

  async function update<K extends Kind>(
    resource: ResourceOf<K>,
    resourceVersion: string,
    signal: AbortSignal,
    subresource?: "status",
  ): Promise<ResourceOf<K>> {
    const kind = resource.kind as K; // the schema of K says so
    const { name } = resource.metadata;
    const { metadata, ...rest } = mainOf(resource);
    const body = { ...rest, metadata: { ...metadata, resourceVersion }, status: resource.status };
    const target = { kind, namespace, name, ...(subresource && { subresource }) };
    try {
      return toResource(kind, await api.send({ verb: "update", ...target, body }, signal));
    } catch (error) {
      if (isAppError(error, "resource-not-found")) throw conflict(resource);
      throw error;
    }
  }

  async function compareAndSet<K extends Kind>(
    resource: ResourceOf<K>,
    version: string,
    signal: AbortSignal,
  ): Promise<ResourceOf<K>> {
    const kind = resource.kind as K; // the schema of K says so
    if (!apiResources[kind].hasStatus) return await update(resource, version, signal);
    // read first: who may write the status alone needs no right to write the rest
    const { name } = resource.metadata;
    const known = peek(kind, name);
    const stored = known?.metadata.resourceVersion === version
      ? known
      : await read(kind, name, signal);
    if (stored?.metadata.resourceVersion !== version) throw conflict(resource);
    return await replace(stored, resource, signal);
  }

  return {
    name: "kubernetes",
    namespace,

    async get(kind, name, signal) {
      signal.throwIfAborted();
      return isSubdomain(name) ? await read(kind, name, signal) : undefined;
    },

    async list(kind, signal) {
      const { items } = await readList(api, kind, namespace, signal);
      return sortByName(items.values());
    },

    async apply(resource, signal) {
      const { name, resourceVersion } = resource.metadata;
      checkSubdomain(name, `the name of the ${resource.kind}`);
      if (resourceVersion === "") return await create(resource, signal);
      if (resourceVersion !== undefined) {
        return await compareAndSet(resource, resourceVersion, signal);
      }
      for (;;) {
        try {
          const stored = await read(resource.kind as Kind, name, signal) as typeof resource;
          if (stored === undefined) return await create(resource, signal);
          return await replace(stored, resource, signal);
        } catch (error) {
          // made, changed or removed between the two: the next round sees it as it is then
          if (!isAppError(error, "conflict")) throw error;
        }
      }
    },

    async remove(kind, name, signal) {
      signal.throwIfAborted();
      if (!isSubdomain(name)) return;
      try {
        await api.send({ verb: "delete", kind, namespace, name }, signal);
      } catch (error) {
        if (!isAppError(error, "resource-not-found")) throw error;
      }
    },

    watch: (kind, signal) => watchList(api, kind, namespace, signal),
  };
}

/** What is the caller's to set: all but the status and what the API server sets. */
function mainOf<K extends Kind>(
  resource: ResourceOf<K>,
): Record<string, unknown> & { metadata: object } {
  const { status: _status, metadata, ...rest } = resource;
  const {
    namespace: _namespace,
    resourceVersion: _version,
    generation: _generation,
    uid: _uid,
    creationTimestamp: _time,
    ...written
  } = metadata;
  // through JSON, as it is sent: what is undefined is absent
  return JSON.parse(JSON.stringify({ ...rest, metadata: written }));
}

function conflict({ kind, metadata }: ResourceOf<Kind>): Error {
  return appError("conflict", { kind, name: metadata.name });
}
