import type { Kind, ResourceOf } from "../resources/kinds.ts";
import type { PlatformName } from "./name.ts";

/** How a resource is applied. */
export interface ApplyOptions {
  dryRun?: boolean;
}

/** Which resource of a name is removed. */
export interface RemoveOptions {
  uid?: string | undefined;
}

/**
 * Where one namespace's resources live. Five methods, and every platform passes the same suite
 * (test/contract/platform_test.ts). The contract:
 *
 * - Absent is `undefined`, an empty list, or (for remove) success; never an error.
 * - Every failure is an AppError, its origin in `cause`.
 * - A call ends promptly, with the signal's reason, when the signal aborts.
 * - What is returned belongs to the caller: changing it changes nothing stored.
 * - Fields this program does not know survive a read-modify-write.
 * - What a Site owns (metadata.ownerReferences) is stored anew only while that very Site is there.
 * - No output, no exit, no environment reads; safe to call many times at once, from several
 *   processes.
 */
export interface Platform {
  readonly name: PlatformName;
  readonly namespace: string;

  get<K extends Kind>(
    kind: K,
    name: string,
    signal: AbortSignal,
  ): Promise<ResourceOf<K> | undefined>;

  /** All resources of the kind, ordered by name. */
  list<K extends Kind>(kind: K, signal: AbortSignal): Promise<ResourceOf<K>[]>;

  /**
   * Creates or replaces, status included, and returns what is stored. With metadata.resourceVersion
   * set it is compare-and-set: throws `conflict` if the stored version is another one or the
   * resource is gone; `""` means "only if absent". The platform sets uid, creationTimestamp,
   * generation (raised when the spec changes) and resourceVersion. Throws `site-gone`, and leaves
   * nothing, for what is new and owned by a Site that is not there any more. With `dryRun` nothing
   * is stored, and what can be known to stand in the way of it is thrown.
   */
  apply<K extends Kind>(
    resource: ResourceOf<K>,
    signal: AbortSignal,
    options?: ApplyOptions,
  ): Promise<ResourceOf<K>>;

  /** With `uid`, one that was made anew under the same name stays. */
  remove(kind: Kind, name: string, signal: AbortSignal, options?: RemoveOptions): Promise<void>;

  /**
   * Yields the whole list at once and again after each change (several changes may come as one);
   * never yields a state older than one it has yielded. Ends without error when the signal aborts.
   * With `name` the list is of that one alone, and costs no more however many others there are.
   */
  watch<K extends Kind>(
    kind: K,
    signal: AbortSignal,
    name?: string,
  ): AsyncIterable<ResourceOf<K>[]>;
}

/** The methods of a store as an object that can be spread into one with abilities. */
export function methodsOf(store: Platform): Platform {
  return {
    name: store.name,
    namespace: store.namespace,
    get: (kind, name, signal) => store.get(kind, name, signal),
    list: (kind, signal) => store.list(kind, signal),
    apply: (resource, signal, options) => store.apply(resource, signal, options),
    remove: (kind, name, signal, options) => store.remove(kind, name, signal, options),
    watch: (kind, signal, name) => store.watch(kind, signal, name),
  };
}
