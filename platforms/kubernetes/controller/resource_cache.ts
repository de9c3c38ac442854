import { isAppError } from "../../../src/errors/app_error.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import { isBeingDeleted } from "../../../src/resources/resource.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import type { ApiClient } from "../api/client.ts";
import { type ListRequest, toResource } from "../api/list.ts";
import { followObjects } from "../api/watch.ts";

/** What a cache is told to follow, and whom it tells. */
export interface CacheOptions<K extends Kind> {
  kind: K;
  /** Undefined: all. */
  namespaces: readonly string[] | undefined;
  /** The one resource that is followed; undefined: all. */
  name?: string;
  /**
   * Called with each resource that came, went or was changed by others, as it was known before and
   * as it is: to be looked at alone, for both are the cache's own.
   */
  onChanged(namespace: string, name: string, before?: ResourceOf<K>, now?: ResourceOf<K>): void;
  /** Called with what keeps changes from being seen. The cache tries again. */
  onProblem(problem: unknown): void;
}

/** How long to wait before a watch that failed is tried again, in milliseconds. */
const retryAfterMs = 2000;

/**
 * The resources of one kind in all namespaces that are served, as they were lately; those that are
 * being deleted are gone.
 */
export class ResourceCache<K extends Kind> {
  readonly #options: CacheOptions<K>;
  readonly #byNamespace = new Map<string, Map<string, ResourceOf<K>>>();
  /** Of how many scopes changes are not seen now. */
  #unfollowed = 0;

  constructor(options: CacheOptions<K>) {
    this.#options = options;
  }

  /**
   * Follows the cluster until the signal aborts; resolves once all is there. Throws what the first
   * list does.
   */
  async start(api: ApiClient, signal: AbortSignal): Promise<void> {
    const scopes = this.#options.namespaces ?? [undefined];
    await Promise.all(scopes.map((scope) => this.#follow(api, scope, signal)));
  }

  /** False while changes may be missed: what is not here may be there. */
  get isCurrent(): boolean {
    return this.#unfollowed === 0;
  }

  /** A copy of the resource; undefined if there is none. */
  get(namespace: string, name: string): ResourceOf<K> | undefined {
    return structuredClone(this.#byNamespace.get(namespace)?.get(name));
  }

  /** Copies of all resources of the namespace, in the order of their names. */
  list(namespace: string): ResourceOf<K>[] {
    return structuredClone(this.look(namespace));
  }

  /** As `list`, to be looked at alone: what it gives is the cache's own. */
  look(namespace: string): ResourceOf<K>[] {
    const found = [...this.#byNamespace.get(namespace)?.values() ?? []];
    return found.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** The namespaces that hold one. */
  namespaces(): string[] {
    return [...this.#byNamespace.keys()];
  }

  /** All there are, by namespace and name. */
  *names(): Generator<[namespace: string, name: string]> {
    for (const [namespace, resources] of this.#byNamespace) {
      for (const name of resources.keys()) yield [namespace, name];
    }
  }

  /**
   * Takes in a resource that was just written, before the cluster tells of it. Does nothing unless
   * it replaced the version that is here, `before`.
   */
  learn(namespace: string, written: ResourceOf<K>, before: string | undefined): void {
    const { name } = written.metadata;
    const known = this.#byNamespace.get(namespace)?.get(name);
    if (known !== undefined && known.metadata.resourceVersion === before) {
      this.#byNamespace.get(namespace)!.set(name, structuredClone(written));
    }
  }

  #follow(api: ApiClient, scope: string | undefined, signal: AbortSignal): Promise<void> {
    const { kind, name, onProblem } = this.#options;
    const request: ListRequest<ResourceOf<K>> = {
      kind,
      namespace: scope,
      ...(name === undefined ? {} : { name }),
      read: (object) => this.#read(object),
      followed: (isFollowed) => this.#unfollowed += isFollowed ? -1 : 1,
    };
    this.#unfollowed++;
    const items = new Map<string, ResourceOf<K>>();
    const { promise: started, resolve, reject } = Promise.withResolvers<void>();
    const run = async () => {
      while (!signal.aborted) {
        try {
          for await (const changed of followObjects(api, request, items, signal)) {
            for (const key of changed) this.#take(scope, key, items.get(key));
            resolve();
          }
        } catch (problem) {
          reject(problem);
          if (!signal.aborted) onProblem(problem);
        }
        await sleep(retryAfterMs, signal).catch(() => {});
      }
      resolve();
    };
    void run();
    return started;
  }

  /** A resource that this program can't read is left alone; the rest goes on. */
  #read(object: unknown): ResourceOf<K> | undefined {
    try {
      const resource = toResource(this.#options.kind, object);
      return isBeingDeleted(resource) ? undefined : resource;
    } catch (error) {
      if (!isAppError(error, "resource-invalid")) throw error;
      this.#options.onProblem(error);
      return undefined;
    }
  }

  #take(scope: string | undefined, key: string, resource: ResourceOf<K> | undefined): void {
    const slash = key.indexOf("/");
    const namespace = scope ?? key.slice(0, slash);
    const name = scope === undefined ? key.slice(slash + 1) : key;
    let resources = this.#byNamespace.get(namespace);
    const before = resources?.get(name);
    if (resource === undefined) {
      resources?.delete(name);
      if (resources?.size === 0) this.#byNamespace.delete(namespace);
    } else {
      if (resources === undefined) this.#byNamespace.set(namespace, resources = new Map());
      if (before?.metadata.resourceVersion === resource.metadata.resourceVersion) return;
      resources.set(name, resource);
    }
    this.#options.onChanged(namespace, name, before, resource);
  }
}
