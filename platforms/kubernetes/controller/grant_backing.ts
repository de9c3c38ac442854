import { listenerAuthorities } from "../../../src/grant_service/listener_authorities.ts";
import { appError } from "../../../src/errors/app_error.ts";
import type {
  GrantBacking,
  GrantIssuer,
  LedgerStore,
} from "../../../src/grant_service/ledger/backing.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import type { AccessGrant } from "../../../src/resources/access_grant.ts";
import { type Endpoint, isReady } from "../../../src/resources/resource.ts";
import { linkRoles, type RouterAccess } from "../../../src/resources/router_access.ts";
import { secretText } from "../../../src/resources/secret.ts";
import { defaultIssuer, type Site } from "../../../src/resources/site.ts";
import { type Now, steadyNow } from "../../../src/runtime/clock.ts";
import { issuingSecret } from "./issuing_secret.ts";

/** What is known of a namespace without asking the cluster. */
export interface KnownNamespace {
  sites(): Site[];
  routerAccesses(): RouterAccess[];
}

/**
 * How long a certificate authority that was read is used, in milliseconds: many redemptions a
 * second need the same one.
 */
const freshMs = 1000;

/** What the grant service needs of a namespace of a cluster; `store` is its store. */
export function clusterGrantBacking(
  store: Platform,
  known: KnownNamespace,
  ledgers: LedgerStore,
  signal: AbortSignal,
  now: Now = steadyNow,
): GrantBacking {
  const { namespace } = store;
  const authorities = new Map<string, { at: number; authority: Promise<GrantIssuer> }>();

  return {
    namespace,
    ledgers,

    async issuer(grant) {
      const name = issuerOf(grant, findSite(namespace, known), known.routerAccesses());
      const before = authorities.get(name);
      if (before !== undefined && now() - before.at < freshMs) return await before.authority;
      const authority = readIssuer(store, known, name, signal);
      authorities.set(name, { at: now(), authority });
      try {
        return await authority;
      } catch (error) {
        authorities.delete(name);
        throw error;
      }
    },

    // deno-lint-ignore require-await -- where it throws, the promise is to
    async endpoints(grant) {
      const site = findSite(namespace, known);
      const accesses = known.routerAccesses();
      const endpoints = linkEndpoints(site, issuerOf(grant, site, accesses), accesses);
      if (endpoints.length === 0) throw appError("no-endpoints", { namespace });
      return endpoints;
    },
  };
}

/** The site that accepts links: of several in a namespace only one is ever made ready. */
function findSite(namespace: string, known: KnownNamespace): Site {
  const sites = known.sites();
  const [first] = sites;
  if (first === undefined) {
    throw appError("site-missing", { namespace, purpose: "sign for a grant" });
  }
  const interior = sites.filter((site) => site.spec?.edge !== true);
  const site = interior.find(isReady) ?? interior.find(hasEndpoints) ?? interior[0];
  if (site === undefined) throw appError("site-edge", { site: first.metadata.name });
  return site;
}

/** The authority, with those that sign what the listeners show that trust it. */
async function readIssuer(
  store: Platform,
  known: KnownNamespace,
  issuer: string,
  signal: AbortSignal,
): Promise<GrantIssuer> {
  const site = findSite(store.namespace, known);
  const names = known.routerAccesses()
    .filter((access) => takesLinks(access) && issuerOfAccess(access, site) === issuer)
    .map(({ spec }) => spec?.tlsCredentials ?? "");
  const [authority, ...secrets] = await Promise.all([
    readAuthority(store, issuer, signal),
    ...[...new Set(names)].filter((name) => name !== "").map((name) =>
      store.get("Secret", name, signal)
    ),
  ]);
  const shown = secrets.filter((secret) => secret !== undefined).map((secret) => ({
    certificate: secretText(secret, "tls.crt") ?? "",
    authorities: secretText(secret, "ca.crt") ?? "",
  }));
  return { ...authority, listenerPem: listenerAuthorities(authority.certificatePem, shown) };
}

async function readAuthority(
  store: Platform,
  issuer: string,
  signal: AbortSignal,
): Promise<GrantIssuer> {
  const secret = await store.get("Secret", issuer, signal);
  const certificatePem = secret && secretText(secret, "tls.crt");
  const privateKeyPem = secret && secretText(secret, "tls.key");
  if (certificatePem && privateKeyPem) {
    return { certificatePem, privateKeyPem, issuing: issuingSecret(store, secret, signal) };
  }
  const why = secret === undefined ? "does not exist" : "lacks tls.crt or tls.key";
  throw appError("site-issuer-missing", { namespace: store.namespace, issuer, why });
}

/**
 * The grant's own choice, else the authority that the site's routers trust: a RouterAccess may name
 * another than the site does, and Skupper's own always names `skupper-site-ca`.
 */
function issuerOf(grant: AccessGrant, site: Site, accesses: RouterAccess[]): string {
  const named = accesses.filter(takesLinks).map((access) => issuerOfAccess(access, site));
  const usual = defaultIssuer(site);
  return grant.spec?.issuer || (named.includes(usual) ? usual : named[0] ?? usual);
}

/** The site's endpoints for links, without those whose routers trust another authority. */
function linkEndpoints(site: Site, issuer: string, accesses: RouterAccess[]): Endpoint[] {
  const endpoints = (site.status?.endpoints ?? [])
    .filter(({ name = "", host }) => Object.hasOwn(linkRoles, name) && host);
  const isTrusting = (access: RouterAccess) => issuerOfAccess(access, site) === issuer;
  if (!accesses.some(isTrusting)) return endpoints;
  const elsewhere = new Set(accesses.filter((access) => !isTrusting(access)).flatMap(placesOf));
  for (const place of accesses.filter(isTrusting).flatMap(placesOf)) elsewhere.delete(place);
  return endpoints.filter((endpoint) => !elsewhere.has(placeOf(endpoint)));
}

function takesLinks({ spec }: RouterAccess): boolean {
  return spec?.roles.some(({ name }) => Object.hasOwn(linkRoles, name)) ?? false;
}

function issuerOfAccess({ spec }: RouterAccess, site: Site): string {
  return spec?.issuer || defaultIssuer(site);
}

function placesOf({ status }: RouterAccess): string[] {
  return (status?.endpoints ?? []).map(placeOf);
}

function placeOf({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}

function hasEndpoints({ status }: Site): boolean {
  return (status?.endpoints ?? []).length > 0;
}
