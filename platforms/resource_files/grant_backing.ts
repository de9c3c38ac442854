import { stat } from "node:fs/promises";
import { appError } from "../../src/errors/app_error.ts";
import type { GrantBacking } from "../../src/grant_service/backing.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { AccessGrant } from "../../src/resources/access_grant.ts";
import type { Endpoint } from "../../src/resources/resource.ts";
import type { RouterAccess } from "../../src/resources/router_access.ts";
import { siteIssuer } from "../../src/resources/site.ts";
import type { Now } from "../../src/runtime/clock.ts";
import { LedgerFiles } from "./ledger_files.ts";
import { certifiedHost, declaredHost, linkEndpoints, takesLinks } from "./link_endpoints.ts";
import { type NamespacePaths, siteStatePaths } from "./paths.ts";
import { type AuthorityFiles, readAuthority, siteUid } from "./site_authority.ts";

/** How old what many redemptions a second ask for may be: reading it anew would be most of the work. */
const freshMs = 1000;

/** What the grant service needs of a namespace kept as files; `platform` is the namespace's store. */
export function grantBacking(
  paths: NamespacePaths,
  platform: Platform,
  now: Now = Date.now,
): GrantBacking {
  const { namespace } = paths;
  const { signal } = new AbortController(); // what is read here is short
  const issuers = new Recent<AuthorityFiles>(now, stamp);
  const endpoints = new Recent<Endpoint[]>(now, stamp);

  return {
    namespace,

    ledgers: new LedgerFiles(namespace, async () => {
      const uid = await siteUid(paths);
      return uid && siteStatePaths(paths, uid).ledgers;
    }),

    issuer: (grant) =>
      issuers.get(grant.spec?.issuer, async () => readAuthority(paths, await issuerOf(grant))),

    endpoints: (grant) =>
      endpoints.get(grant.spec?.issuer, async () => {
        const accesses = await trusting(await issuerOf(grant));
        const found = linkEndpoints(accesses, await Promise.all(accesses.map(hostOf)));
        if (found.length === 0) throw appError("no-endpoints", { namespace });
        return found;
      }),
  };

  /** Changes with the authority and with every file put in place whole; an edit is seen when it is due. */
  async function stamp(): Promise<string> {
    const folders = [paths.inputResources, paths.inputIssuers, paths.runtimeResources];
    const times = folders.map((folder) => stat(folder).then(({ mtimeMs }) => mtimeMs, () => 0));
    return [await siteUid(paths), ...await Promise.all(times)].join(" ");
  }

  /** The grant's own choice, else the site's, else that of its link access. */
  async function issuerOf(grant: AccessGrant): Promise<string> {
    const [site] = await platform.list("Site", signal);
    if (site === undefined) {
      throw appError("site-missing", { namespace, purpose: "sign for a grant" });
    }
    if (site.spec?.edge) throw appError("site-edge", { site: site.metadata.name });
    return grant.spec?.issuer || site.spec?.defaultIssuer ||
      issuerOfAccess((await linkAccesses())[0]);
  }

  /**
   * Where certificates of that issuer are accepted: one RouterAccess may name another issuer than
   * the next. An issuer that none names is its user's own arrangement, by certificates in input/certs.
   */
  async function trusting(issuer: string): Promise<RouterAccess[]> {
    const accesses = await linkAccesses();
    const matching = accesses.filter((access) => issuerOfAccess(access) === issuer);
    return matching.length > 0 ? matching : accesses;
  }

  async function linkAccesses(): Promise<RouterAccess[]> {
    return (await platform.list("RouterAccess", signal)).filter(takesLinks);
  }

  async function hostOf(access: RouterAccess): Promise<string | undefined> {
    return await certifiedHost(paths, access) ?? declaredHost(access);
  }
}

/** The CA that a RouterAccess' listener trusts (spec/skupper-system-sites.md 3). */
function issuerOfAccess(access: RouterAccess | undefined): string {
  return access?.spec?.issuer || siteIssuer;
}

/** Remembers what was read while the stamp is the same, and for as long as it counts as fresh. */
class Recent<T> {
  readonly #now: Now;
  readonly #stamp: () => Promise<string>;
  readonly #read = new Map<string | undefined, { stamp: string; at: number; value: Promise<T> }>();

  constructor(now: Now, stamp: () => Promise<string>) {
    this.#now = now;
    this.#stamp = stamp;
  }

  async get(key: string | undefined, read: () => Promise<T>): Promise<T> {
    const stamp = await this.#stamp();
    const before = this.#read.get(key);
    if (before?.stamp === stamp && this.#now() - before.at < freshMs) return await before.value;
    const value = read();
    this.#read.set(key, { stamp, at: this.#now(), value });
    try {
      return await value;
    } catch (error) {
      this.#read.delete(key);
      throw error;
    }
  }
}
