import type { Claim, GrantAddress } from "../../../src/controller/home.ts";
import { type AccessGrant, grantsDisabled } from "../../../src/resources/access_grant.ts";
import type { Site } from "../../../src/resources/site.ts";

/**
 * The rule by which controllers that look after the same resources keep out of each other's way
 * (ARCHITECTURE.md). Skupper's controller knows nothing of it: it serves every grant where its grants are
 * enabled, else marks each as not enabled; and it redeems every token where it looks after the site.
 */

/** How long Skupper's controller has to say whether it serves a grant, or to take up a site. */
const graceMs = 10_000;

/**
 * Who serves a grant: whoever's authority and url its status names. One that nobody has taken is ours
 * where no other controller looks after the site, says that it does not serve grants, or says nothing.
 */
export function claimGrant(
  { metadata, status }: AccessGrant,
  { address, sites, now }: { address: GrantAddress; sites: Site[]; now: number },
): Claim {
  const ours = address.url === undefined ? undefined : `${address.url}/${metadata.uid}`;
  if (status?.ca === address.ca || status?.url !== undefined && status.url === ours) return "ours";
  if (status?.ca || status?.url) return "theirs";
  if (status?.message === grantsDisabled) return "ours";
  if (status?.code || status?.conditions?.length) return "theirs";
  return sites.some(otherController) ? afterGrace(metadata.creationTimestamp, now) : "ours";
}

/** Who redeems a token: the controller that looks after the site. */
export function claimToken(sites: Site[], now: number): Claim {
  if (sites.some(otherController)) return "theirs";
  const claims = sites.map(({ metadata }) => afterGrace(metadata.creationTimestamp, now));
  return claims.find((claim) => claim !== "ours") ?? "ours";
}

/** The name of the controller that looks after the site; sites are never ours. */
export function otherController({ status }: Site): string | undefined {
  const { name, namespace } = status?.controller ?? {};
  return name && namespace ? `${namespace}/${name}` : name || undefined;
}

function afterGrace(creationTimestamp: string | null | undefined, now: number): Claim {
  const ageMs = now - Date.parse(creationTimestamp ?? "");
  return ageMs < graceMs ? { againInMs: Math.min(graceMs, graceMs - ageMs) } : "ours";
}
