import type { ControllerNamespace } from "../../../src/controller/home.ts";
import { AppError, isAppError } from "../../../src/errors/app_error.ts";
import { noLinkAccess } from "../../../src/errors/site_errors.ts";
import { type ApplyOptions, methodsOf, type Platform } from "../../../src/platform/platform.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import { isBeingDeleted } from "../../../src/resources/resource.ts";
import type { Now } from "../../../src/runtime/clock.ts";
import { wantsLinkAccess } from "../../../src/resources/site.ts";
import type { ApiClient } from "../api/client.ts";
import { ClusterStore } from "../store.ts";
import type { ClusterCache } from "./cluster_cache.ts";
import { clusterGrantBacking } from "./grant_backing.ts";
import { LedgerSecrets } from "./ledger_secrets.ts";
import { claimGrant, claimToken } from "./ownership.ts";
import { PendingKeySecrets } from "./pending_key_secrets.ts";

/** What all namespaces of a cluster are served with. */
export interface ServedCluster {
  api: ApiClient;
  cache: ClusterCache;
  /** The name of this controller among several. */
  replica: string;
  /** The cluster's time, in milliseconds since 1970. */
  now: Now;
  /** Ends what the grant service asks of the cluster. */
  signal: AbortSignal;
}

/** A namespace of a cluster, as the controller works on it. */
export function clusterNamespace(cluster: ServedCluster, namespace: string): ControllerNamespace {
  const { api, cache, replica, now, signal } = cluster;
  const platform = cachedPlatform(api, cache, namespace);
  const sites = () => cache.Site.look(namespace);
  const grants = () => cache.AccessGrant.look(namespace);
  const known = { sites, routerAccesses: () => cache.RouterAccess.look(namespace) };
  const uncached = { get: unlessDeleted(new ClusterStore(api, namespace)) };
  const ledgers = new LedgerSecrets(platform, signal, { grants: uncached });
  const backing = clusterGrantBacking(platform, known, ledgers, signal);
  const pendingKeys = new PendingKeySecrets(platform, uncached, sites, replica);

  return {
    platform,
    backing,
    pendingKeys,

    claimGrant: (grant, address) =>
      claimGrant(grant, { address, sites: sites(), grants, now: now() }),

    async claimToken(token, signal) {
      const claim = claimToken(token, sites(), now());
      return claim === "ours" ? await pendingKeys.claim(token, signal) : claim;
    },

    async whyNotLinkable(grant) {
      try {
        await backing.endpoints(grant);
        return undefined;
      } catch (error) {
        if (isAppError(error, "site-edge")) return undefined; // an error of the grant's own
        if (!(error instanceof AppError)) throw error;
        return sites().some(wantsLinkAccess) ? error.message : noLinkAccess;
      }
    },
  };
}

/** Kinds that the controller has no right to read one of (controller_rights.ts). */
const listedAlone: ReadonlySet<Kind> = new Set(["Site", "RouterAccess"]);

/** The store of a namespace, which reads from the cache what is in it. */
function cachedPlatform(api: ApiClient, cache: ClusterCache, namespace: string): Platform {
  const peek = <K extends Kind>(kind: K, name: string) => cache.of(kind)?.get(namespace, name);
  const store = new ClusterStore(api, namespace, peek);
  const ask = unlessDeleted(store);
  return {
    ...methodsOf(store),
    // what the cache lacks need not be gone, and what ends with it can't be undone: the cluster is
    // asked for all that may be read singly
    get: async <K extends Kind>(kind: K, name: string, signal: AbortSignal) =>
      peek(kind, name) ?? (listedAlone.has(kind) ? undefined : await ask(kind, name, signal)),
    list: async <K extends Kind>(kind: K, signal: AbortSignal) =>
      cache.of(kind)?.list(namespace) ?? await store.list(kind, signal),
    async apply<K extends Kind>(
      resource: ResourceOf<K>,
      signal: AbortSignal,
      options: ApplyOptions = {},
    ) {
      const written = await store.apply(resource, signal, options);
      if (options.dryRun) return written;
      const kind = written.kind as K; // the schema of K says so
      cache.of(kind)?.learn(namespace, written, resource.metadata.resourceVersion);
      return written;
    },
  };
}

/** What the cluster has now, but for what is being deleted. */
function unlessDeleted(store: Platform): Platform["get"] {
  return async (kind, name, signal) => {
    const found = await store.get(kind, name, signal);
    return found && isBeingDeleted(found) ? undefined : found;
  };
}
