import { isDeepStrictEqual } from "node:util";
import type { Change } from "../../../src/controller/home.ts";
import type { AccessGrant } from "../../../src/resources/access_grant.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import { findCondition } from "../../../src/resources/resource.ts";
import type { Site } from "../../../src/resources/site.ts";
import type { ApiClient } from "../api/client.ts";
import { type CacheOptions, ResourceCache } from "./resource_cache.ts";

/** What is followed of a cluster, and whom to tell. */
export interface ClusterCacheOptions {
  /** Undefined: all. */
  namespaces: readonly string[] | undefined;
  /** Called with what is to be reconciled. */
  onChange(change: Change): void;
  onProblem(problem: unknown): void;
}

/** The kinds that the controller reconciles, or waits for. */
const namedKinds = ["Site", "AccessGrant", "AccessToken"] as const;

/** The resources that the controller decides by, as they were lately. */
export class ClusterCache {
  readonly Site: ResourceCache<"Site">;
  readonly RouterAccess: ResourceCache<"RouterAccess">;
  readonly AccessGrant: ResourceCache<"AccessGrant">;
  readonly AccessToken: ResourceCache<"AccessToken">;
  readonly #onChange: (change: Change) => void;
  /** The sites as they were when they were last named. */
  readonly #looks = new Map<string, string>();

  constructor({ namespaces, onChange, onProblem }: ClusterCacheOptions) {
    this.#onChange = onChange;
    const follow = <K extends Kind>(
      kind: K,
      onChanged: CacheOptions<K>["onChanged"],
    ) => new ResourceCache({ kind, namespaces, onChanged, onProblem });
    const name = (kind: Change["kind"]) => (namespace: string, name: string) =>
      onChange({ kind, namespace, name });
    this.Site = follow("Site", (namespace, name) => this.#nameSite(namespace, name));
    this.RouterAccess = follow("RouterAccess", () => {});
    this.AccessGrant = follow("AccessGrant", (...change) => this.#nameGrant(...change));
    this.AccessToken = follow("AccessToken", name("AccessToken"));
  }

  /** As `ResourceCache.start`, for all kinds. */
  async start(api: ApiClient, signal: AbortSignal): Promise<void> {
    const all = [this.Site, this.RouterAccess, this.AccessGrant, this.AccessToken];
    await Promise.all(all.map((cache) => cache.start(api, signal)));
  }

  /** The cache of a kind, if there is one. */
  of<K extends Kind>(kind: K): ResourceCache<K> | undefined {
    const caches: { [K in Kind]?: unknown } = {
      Site: this.Site,
      RouterAccess: this.RouterAccess,
      AccessGrant: this.AccessGrant,
      AccessToken: this.AccessToken,
    };
    return caches[kind] as ResourceCache<K> | undefined; // of the kind it is listed under
  }

  /** The namespaces in which there is something to do. */
  namespaces(): string[] {
    return [...new Set(namedKinds.flatMap((kind) => this[kind].namespaces()))].sort();
  }

  /** Names every resource. */
  nameEverything(): void {
    for (const kind of namedKinds) {
      for (const [namespace, name] of this[kind].names()) this.#onChange({ kind, namespace, name });
    }
  }

  /** Replicas tell each other each use that they count: that alone is no hurry. */
  #nameGrant(namespace: string, name: string, before?: AccessGrant, now?: AccessGrant): void {
    const isCount = before !== undefined && now !== undefined &&
      isDeepStrictEqual(uncounted(before), uncounted(now));
    this.#onChange({ kind: "AccessGrant", namespace, name, ...isCount && { isCount } });
  }

  /** All of a namespace is looked at when its site changes, but not each time its network does. */
  #nameSite(namespace: string, name: string): void {
    const key = `${namespace}/${name}`;
    const site = this.Site.get(namespace, name);
    const looks = site && looksOf(site);
    if (this.#looks.get(key) === looks) return;
    if (looks === undefined) this.#looks.delete(key);
    else this.#looks.set(key, looks);
    this.#onChange({ kind: "Site", namespace, name });
  }
}

/** A grant without how often it was redeemed, and its version. */
function uncounted({ metadata, status, ...rest }: AccessGrant) {
  const { resourceVersion: _version, ...named } = metadata;
  const { redemptions: _count, ...told } = status ?? {};
  return { ...rest, named, told };
}

function looksOf(site: ResourceOf<"Site">): string {
  const { metadata, spec, status } = site satisfies Site;
  const { endpoints, controller, defaultIssuer } = status ?? {};
  const ready = findCondition(site, "Ready")?.status;
  return JSON.stringify([metadata.uid, spec, endpoints, controller, defaultIssuer, ready]);
}
