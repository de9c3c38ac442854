import type { Kind, ResourceOf } from "../resources/kinds.ts";
import type { PlatformName } from "./name.ts";

/**
 * Where one namespace's resources live. Five methods, and every platform passes the same suite
 * (test/contract/platform_test.ts). The contract:
 *
 * - Absent is `undefined`, an empty list, or (for remove) success; never an error.
 * - Every failure is an AppError, its origin in `cause`.
 * - A call ends promptly, with the signal's reason, when the signal aborts.
 * - What is returned belongs to the caller: changing it changes nothing stored.
 * - Fields this program does not know survive a read-modify-write.
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
   * Creates or replaces, status included, and returns what is stored. With
   * metadata.resourceVersion set it is compare-and-set: throws `conflict` if the stored version is
   * another one or the resource is gone; `""` means "only if absent". The platform sets uid,
   * creationTimestamp, generation (raised when the spec changes) and resourceVersion.
   */
  apply<K extends Kind>(resource: ResourceOf<K>, signal: AbortSignal): Promise<ResourceOf<K>>;

  remove(kind: Kind, name: string, signal: AbortSignal): Promise<void>;

  /**
   * Yields the whole list at once and again after each change (several changes may come as one);
   * never yields a state older than one it has yielded. Ends without error when the signal aborts.
   */
  watch<K extends Kind>(kind: K, signal: AbortSignal): AsyncIterable<ResourceOf<K>[]>;
}

/** The methods of a store as an object that can be spread into one with abilities. */
export function methodsOf(store: Platform): Platform {
  return {
    name: store.name,
    namespace: store.namespace,
    get: (kind, name, signal) => store.get(kind, name, signal),
    list: (kind, signal) => store.list(kind, signal),
    apply: (resource, signal) => store.apply(resource, signal),
    remove: (kind, name, signal) => store.remove(kind, name, signal),
    watch: (kind, signal) => store.watch(kind, signal),
  };
}
