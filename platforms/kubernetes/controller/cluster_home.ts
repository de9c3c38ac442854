import type { Now } from "../../../src/runtime/clock.ts";
import {
  type Change,
  changeKey,
  type ControllerHome,
  type ControllerNamespace,
} from "../../../src/controller/home.ts";
import type { ApiClient } from "../api/client.ts";
import type { AddressWatch } from "./address_watch.ts";
import { ClusterCache } from "./cluster_cache.ts";
import { clusterNamespace } from "./served_namespace.ts";

/** What a cluster needs to be served. */
export interface ClusterSetup {
  api: ApiClient;
  /** The namespaces to serve; undefined: all. */
  namespaces: readonly string[] | undefined;
  /** The name of this controller among several. */
  replica: string;
  /** The cluster's time, in milliseconds since 1970. */
  now: Now;
  /** Where the grant service is reached, if the cluster says so. */
  address: AddressWatch | undefined;
  /** Called with what keeps changes from being seen. The cache tries again. */
  onProblem(problem: unknown): void;
}

/** How often everything is named again, changed or not, in milliseconds. */
const everythingEveryMs = 300_000;

/**
 * The cluster as the controller sees it, until the signal aborts. The signal aborts after the
 * controller's work has ended. Throws what the first look at the cluster throws.
 */
export async function openCluster(
  setup: ClusterSetup,
  signal: AbortSignal,
): Promise<ControllerHome> {
  const { api, replica, now, address, onProblem } = setup;
  const changed = new Map<string, Change>();
  let wake = () => {};
  const cache = new ClusterCache({
    namespaces: setup.namespaces,
    onProblem,
    onChange(change) {
      const key = changeKey(change);
      if (!change.isCount || !changed.has(key)) changed.set(key, change);
      wake();
    },
  });
  await cache.start(api, signal);
  const namespaces = new Map<string, ControllerNamespace>();
  const cluster = { api, cache, replica, now, signal };

  return {
    namespaces: () => Promise.resolve(cache.namespaces()),
    isCurrent: () => cache.AccessGrant.isCurrent,

    open(namespace) {
      let opened = namespaces.get(namespace);
      if (opened === undefined) {
        namespaces.set(namespace, opened = clusterNamespace(cluster, namespace));
      }
      return Promise.resolve(opened);
    },

    async *changes(signal) {
      const nameEverything = () => cache.nameEverything();
      const everything = setInterval(nameEverything, everythingEveryMs);
      const stopListening = address?.onMoved(nameEverything);
      const stop = () => wake();
      signal.addEventListener("abort", stop);
      try {
        while (!signal.aborted) {
          const [first] = changed;
          if (first === undefined) {
            await new Promise<void>((resolve) => wake = resolve);
          } else {
            changed.delete(first[0]);
            yield first[1];
          }
        }
      } finally {
        clearInterval(everything);
        stopListening?.();
        signal.removeEventListener("abort", stop);
      }
    },
  };
}
