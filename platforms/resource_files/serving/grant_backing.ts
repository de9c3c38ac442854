import { listenerAuthorities } from "../../../src/grant_service/listener_authorities.ts";
import { join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import type { GrantBacking, GrantIssuer } from "../../../src/grant_service/ledger/backing.ts";
import { certificatesIn } from "../../../src/pki/certificate.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import type { AccessGrant } from "../../../src/resources/access_grant.ts";
import type { Endpoint } from "../../../src/resources/resource.ts";
import { siteIssuer } from "../../../src/resources/site.ts";
import { type Now, steadyNow } from "../../../src/runtime/clock.ts";
import { issuingFile } from "./issuing_file.ts";
import { NamespaceLooks } from "./namespace_looks.ts";
import { LedgerFiles } from "./ledger_files.ts";
import { linkEndpoints } from "../site/link_endpoints.ts";
import {
  issuerOf,
  type LinkListener,
  readLinkListeners,
  readShown,
} from "../site/link_listeners.ts";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";
import { type AuthorityFiles, readSiteAuthority, siteUid } from "../site/site_authority.ts";
import { isStarted } from "../started_namespace.ts";
import { makePrivateFolder } from "../../../src/runtime/files.ts";
import { withLock } from "../store/store.ts";

/**
 * How long a reading is used, in milliseconds. Many redemptions a second ask for the same, and to
 * read it each time would be most of the work.
 */
const freshMs = 1000;

/**
 * What the grant service needs of a namespace kept as files; `platform` is the namespace's store.
 */
export function fileGrantBacking(
  paths: NamespacePaths,
  platform: Platform,
  now: Now = steadyNow,
): GrantBacking {
  const { namespace } = paths;
  const { signal } = new AbortController(); // what is read here is short
  const looks = new NamespaceLooks(paths);
  const stamp = async () => (await looks.now()).stamp;
  const issuers = new Recent<GrantIssuer>(now, stamp);
  const endpoints = new Recent<Endpoint[]>(now, stamp);

  return {
    namespace,

    ledgers: new LedgerFiles(namespace, async () => {
      const { uid } = await looks.now();
      return uid && siteStatePaths(paths, uid).ledgers;
    }, (folder) => makeStateFolder(paths, folder, "ledgers")),

    issuer: (grant) =>
      issuers.get(grant.spec?.issuer, async () => {
        const listeners = await readLinkListeners(paths, platform, signal);
        const issuer = await chooseIssuer(grant, listeners);
        const authority = await readSiteAuthority(paths, issuer);
        const taken = trusting(listeners, issuer, authority);
        if (listeners.length > 0 && taken.length === 0) {
          const why = "is not the one that the site's router trusts";
          throw appError("site-issuer-missing", { namespace, issuer, why });
        }
        const shown = await Promise.all(taken.map(({ access }) => readShown(paths, access)));
        const listenerPem = listenerAuthorities(
          authority.certificatePem,
          shown.filter((each) => each !== undefined),
        );
        return { ...authority, listenerPem, ...await issuingBelow(paths, issuer) };
      }),

    endpoints: (grant) =>
      endpoints.get(grant.spec?.issuer, async () => {
        const listeners = await readLinkListeners(paths, platform, signal);
        const issuer = await chooseIssuer(grant, listeners);
        const authority = await readSiteAuthority(paths, issuer);
        const found = linkEndpoints(trusting(listeners, issuer, authority));
        if (found.length === 0) throw appError("no-endpoints", { namespace });
        return found;
      }),
  };

  /**
   * The grant's own choice, else the site's (which upstream doesn't look at), else that of its link
   * access.
   */
  async function chooseIssuer(grant: AccessGrant, listeners: LinkListener[]): Promise<string> {
    const [site] = await platform.list("Site", signal);
    if (site === undefined) {
      throw appError("site-missing", { namespace, purpose: "sign for a grant" });
    }
    if (site.spec?.edge) throw appError("site-edge", { site: site.metadata.name });
    const ofSite = await isStarted(paths) ? undefined : site.spec?.defaultIssuer;
    const [first] = listeners;
    return grant.spec?.issuer || ofSite || (first === undefined ? siteIssuer : issuerOf(first));
  }
}

/** What is kept of a site that went meanwhile must not come back. */
function makeStateFolder(
  paths: NamespacePaths,
  folder: string,
  name: "ledgers" | "issuing",
): Promise<void> {
  const { namespace } = paths;
  const { signal } = new AbortController(); // what is done here is short
  return withLock(paths, signal, async () => {
    const uid = await siteUid(paths);
    if (uid === undefined || siteStatePaths(paths, uid)[name] !== folder) {
      throw appError("site-missing", { namespace, purpose: "redeem a token" });
    }
    await makePrivateFolder(folder);
  });
}

async function issuingBelow(
  paths: NamespacePaths,
  issuer: string,
): Promise<Pick<GrantIssuer, "issuing">> {
  const uid = await siteUid(paths);
  if (uid === undefined) return {};
  const path = join(siteStatePaths(paths, uid).issuing, `${issuer}.json`);
  return { issuing: issuingFile(path, (folder) => makeStateFolder(paths, folder, "issuing")) };
}

/**
 * The listeners where certificates of that authority are accepted. Where no router was rendered
 * yet, that is those which name the issuer; one that none names is its user's own arrangement, by
 * certificates in input/certs.
 */
function trusting(
  listeners: LinkListener[],
  issuer: string,
  { certificatePem }: AuthorityFiles,
): LinkListener[] {
  const [pem] = certificatesIn(certificatePem);
  const isRendered = listeners.some(({ trusted }) => trusted !== undefined);
  if (isRendered) return listeners.filter(({ trusted }) => trusted?.some((each) => each === pem));
  const naming = listeners.filter((listener) => issuerOf(listener) === issuer);
  return naming.length > 0 ? naming : listeners;
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
