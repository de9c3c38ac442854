import type { Claim, GrantAddress } from "../../../src/controller/home.ts";
import { type AccessGrant, grantsDisabled } from "../../../src/resources/access_grant.ts";
import type { Site } from "../../../src/resources/site.ts";

/**
 * The rule by which controllers that look after the same resources keep out of each other's way
 * (ARCHITECTURE.md). Skupper's controller knows nothing of it: it serves every grant where its grants are
 * enabled, else marks each as not enabled; and it redeems every token where it looks after the site.
 */

/** How long Skupper's controller has to say whether it serves a grant, or to take up a site. */
const graceMs = { grant: 5000, site: 10_000 } as const;

/**
 * Who serves a grant: whoever's authority and url its status names. One that nobody has taken is ours
 * where no other controller looks after the site, where the one that does says that it does not serve
 * grants or leaves others of the namespace to us, and where it says nothing.
 */
export function claimGrant(
  grant: AccessGrant,
  { address, sites, grants, now }: {
    address: GrantAddress;
    sites: Site[];
    /** The grants of the namespace. */
    grants: () => AccessGrant[];
    now: number;
  },
): Claim {
  const { metadata, status } = grant;
  if (isOurs(grant, address)) return "ours";
  if (status?.ca || status?.url) return "theirs";
  if (isMarked(grant)) return "ours";
  if (status?.code || status?.conditions?.length) return "theirs";
  const isFree = !sites.some(otherController) ||
    grants().some((other) => isOurs(other, address) || isMarked(other));
  return isFree ? "ours" : afterGrace(graceMs.grant, metadata.creationTimestamp, now);
}

/** Who redeems a token: the controller that looks after the site. */
export function claimToken(sites: Site[], now: number): Claim {
  if (sites.some(otherController)) return "theirs";
  const claims = sites.map(({ metadata }) =>
    afterGrace(graceMs.site, metadata.creationTimestamp, now)
  );
  return claims.find((claim) => claim !== "ours") ?? "ours";
}

/** The name of the controller that looks after the site; sites are never ours. */
export function otherController({ status }: Site): string | undefined {
  const { name, namespace } = status?.controller ?? {};
  return name && namespace ? `${namespace}/${name}` : name || undefined;
}

function isOurs({ metadata, status }: AccessGrant, { url, ca }: GrantAddress): boolean {
  return status?.ca === ca || url !== undefined && status?.url === `${url}/${metadata.uid}`;
}

function isMarked({ status }: AccessGrant): boolean {
  return status?.message === grantsDisabled;
}

function afterGrace(
  graceMs: number,
  creationTimestamp: string | null | undefined,
  now: number,
): Claim {
  const ageMs = now - Date.parse(creationTimestamp ?? "");
  return ageMs < graceMs ? { againInMs: Math.min(graceMs, graceMs - ageMs) } : "ours";
}
