import { isDeepStrictEqual } from "node:util";
import { appError, isAppError } from "../../src/errors/app_error.ts";
import type { ApplyOptions, Platform, RemoveOptions } from "../../src/platform/platform.ts";
import type { Kind, ResourceOf } from "../../src/resources/kinds.ts";
import { checkSubdomain, isSubdomain } from "../../src/resources/names.ts";
import { siteOwner } from "../../src/resources/owner.ts";
import type { ApiClient } from "./api/client.ts";
import { isBeingDeleted } from "../../src/resources/resource.ts";
import { apiResources } from "./api/request.ts";
import { listRequest, readList, sortByName, toResource } from "./api/list.ts";
import { watchList } from "./api/watch.ts";

/** What is known of a resource without asking, where something is; it need not be the latest. */
type Peek = <K extends Kind>(kind: K, name: string) => ResourceOf<K> | undefined;

/** The resources of a namespace behind an API server. */
export class ClusterStore implements Platform {
  readonly name = "kubernetes";
  readonly namespace: string;
  readonly #api: ApiClient;
  readonly #peek: Peek;

  constructor(api: ApiClient, namespace: string, peek: Peek = () => undefined) {
    this.#api = api;
    this.namespace = namespace;
    this.#peek = peek;
  }

  async get<K extends Kind>(
    kind: K,
    name: string,
    signal: AbortSignal,
  ): Promise<ResourceOf<K> | undefined> {
    signal.throwIfAborted();
    return isSubdomain(name) ? await this.#read(kind, name, signal) : undefined;
  }

  async list<K extends Kind>(kind: K, signal: AbortSignal): Promise<ResourceOf<K>[]> {
    const { items } = await readList(this.#api, kind, this.namespace, signal);
    return sortByName(items.values());
  }

  async apply<K extends Kind>(
    resource: ResourceOf<K>,
    signal: AbortSignal,
    { dryRun = false }: ApplyOptions = {},
  ): Promise<ResourceOf<K>> {
    const { name, resourceVersion } = resource.metadata;
    checkSubdomain(name, `the name of the ${resource.kind}`);
    if (dryRun) return await this.#rehearse(resource, resourceVersion, signal);
    if (resourceVersion === "") return await this.#create(resource, signal);
    if (resourceVersion !== undefined) {
      return await this.#compareAndSet(resource, resourceVersion, signal);
    }
    for (;;) {
      try {
        const stored = await this.#read(resource.kind as K, name, signal);
        if (stored === undefined) return await this.#create(resource, signal);
        return await this.#replace(stored, resource, signal);
      } catch (error) {
        // made, changed or removed between the two: the next round sees it as it is then
        if (!isAppError(error, "conflict")) throw error;
      }
    }
  }

  async remove(
    kind: Kind,
    name: string,
    signal: AbortSignal,
    { uid }: RemoveOptions = {},
  ): Promise<void> {
    signal.throwIfAborted();
    if (!isSubdomain(name)) return;
    const request = { verb: "delete", kind, namespace: this.namespace, name } as const;
    const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } };
    try {
      await this.#api.send({ ...request, ...(uid === undefined ? {} : { body }) }, signal);
    } catch (error) {
      if (isAppError(error, "resource-not-found")) return;
      // the one that was meant is gone, and another has its name
      if (uid === undefined || !isAppError(error, "conflict")) throw error;
    }
  }

  watch<K extends Kind>(
    kind: K,
    signal: AbortSignal,
    name?: string,
  ): AsyncIterable<ResourceOf<K>[]> {
    return watchList(this.#api, listRequest(kind, this.namespace, name), signal);
  }

  async #read<K extends Kind>(
    kind: K,
    name: string,
    signal: AbortSignal,
  ): Promise<ResourceOf<K> | undefined> {
    try {
      return toResource(
        kind,
        await this.#api.send({ verb: "get", kind, namespace: this.namespace, name }, signal),
      );
    } catch (error) {
      if (isAppError(error, "resource-not-found")) return undefined;
      throw error;
    }
  }

  /**
   * Throws `site-gone` if it belongs to a Site that is not there any more; asks the API server
   * itself.
   */
  async #requireOwner({ kind, metadata }: ResourceOf<Kind>, signal: AbortSignal): Promise<void> {
    const owner = siteOwner(metadata);
    if (owner === undefined) return;
    const { namespace } = this;
    const { items } = await readList(this.#api, "Site", namespace, signal);
    const site = [...items.values()].find(({ metadata }) => metadata.uid === owner.uid);
    if (site !== undefined && !isBeingDeleted(site)) return;
    throw appError("site-gone", { kind, name: metadata.name, site: owner.name, namespace });
  }

  /**
   * Asks whether it could be stored: admission, quotas and rights have their say, and nothing is
   * kept.
   */
  async #rehearse<K extends Kind>(
    resource: ResourceOf<K>,
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<ResourceOf<K>> {
    const kind = resource.kind as K; // the schema of K says so
    const { name } = resource.metadata;
    await this.#requireOwner(resource, signal);
    const { metadata, ...rest } = mainOf(resource);
    const body = {
      ...rest,
      metadata: version ? { ...metadata, resourceVersion: version } : metadata,
    };
    const verb = version ? "update" : "create";
    const target = { kind, namespace: this.namespace, name, query: { dryRun: "All" } };
    try {
      await this.#api.send({ verb, ...target, body }, signal);
    } catch (error) {
      // a webhook that can't be asked so says nothing of what it would say
      if (!isAppError(error) || !/does not support dry run/.test(error.message)) throw error;
    }
    return structuredClone(resource);
  }

  /**
   * Creates it, its status too; throws `conflict` if there is one, and takes it back where its Site
   * went meanwhile. If nobody is left to do that, the cluster's garbage collector does it.
   */
  async #create<K extends Kind>(
    resource: ResourceOf<K>,
    signal: AbortSignal,
  ): Promise<ResourceOf<K>> {
    const kind = resource.kind as K; // the schema of K says so
    const { name } = resource.metadata;
    const body = mainOf(resource);
    const answer = await this.#api.send({
      verb: "create",
      kind,
      namespace: this.namespace,
      name,
      body,
    }, signal);
    const made = toResource(kind, answer);
    try {
      await this.#requireOwner(resource, signal);
    } catch (error) {
      const { uid } = made.metadata;
      // what may not be removed here is left to the garbage collector
      if (isAppError(error, "site-gone")) {
        await this.remove(kind, name, signal, { uid }).catch(() => {});
      }
      throw error;
    }
    return await this.#writeStatus(made, resource, signal);
  }

  /** Replaces the stored one where it differs; throws `conflict` if it has changed since. */
  async #replace<K extends Kind>(
    stored: ResourceOf<K>,
    resource: ResourceOf<K>,
    signal: AbortSignal,
  ): Promise<ResourceOf<K>> {
    const written = isDeepStrictEqual(mainOf(resource), mainOf(stored))
      ? stored
      : await this.#update(resource, stored.metadata.resourceVersion!, signal);
    return await this.#writeStatus(written, resource, signal);
  }

  /** A status is stored apart from the rest, and not at all by a write of the rest. */
  async #writeStatus<K extends Kind>(
    stored: ResourceOf<K>,
    { status }: ResourceOf<K>,
    signal: AbortSignal,
  ): Promise<ResourceOf<K>> {
    if (status === undefined || isDeepStrictEqual(status, stored.status)) return stored;
    const { resourceVersion } = stored.metadata;
    return await this.#update({ ...stored, status }, resourceVersion!, signal, "status");
  }

  async #update<K extends Kind>(
    resource: ResourceOf<K>,
    resourceVersion: string,
    signal: AbortSignal,
    subresource?: "status",
  ): Promise<ResourceOf<K>> {
    const kind = resource.kind as K; // the schema of K says so
    const { name } = resource.metadata;
    const { metadata, ...rest } = mainOf(resource);
    const body = { ...rest, metadata: { ...metadata, resourceVersion }, status: resource.status };
    const target = { kind, namespace: this.namespace, name, ...(subresource && { subresource }) };
    try {
      return toResource(kind, await this.#api.send({ verb: "update", ...target, body }, signal));
    } catch (error) {
      if (isAppError(error, "resource-not-found")) throw conflict(resource);
      throw error;
    }
  }

  async #compareAndSet<K extends Kind>(
    resource: ResourceOf<K>,
    version: string,
    signal: AbortSignal,
  ): Promise<ResourceOf<K>> {
    const kind = resource.kind as K; // the schema of K says so
    if (!apiResources[kind].hasStatus) return await this.#update(resource, version, signal);
    // read first: who may write the status alone needs no right to write the rest
    const { name } = resource.metadata;
    const known = this.#peek(kind, name);
    const stored = known?.metadata.resourceVersion === version
      ? known
      : await this.#read(kind, name, signal);
    if (stored?.metadata.resourceVersion !== version) throw conflict(resource);
    return await this.#replace(stored, resource, signal);
  }
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
