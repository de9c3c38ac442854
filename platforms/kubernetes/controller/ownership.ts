import { isSignedBy } from "../../../src/pki/certificate.ts";
import type { Claim, GrantAddress } from "../../../src/controller/home.ts";
import { type AccessGrant, grantsDisabled } from "../../../src/resources/access_grant.ts";
import type { AccessToken } from "../../../src/resources/access_token.ts";
import { findCondition } from "../../../src/resources/resource.ts";
import type { Site } from "../../../src/resources/site.ts";

/**
 * How controllers that look after the same resources keep out of each other's way
 * (ARCHITECTURE.md). Skupper's controller knows nothing of this rule. Where its grants are enabled,
 * it serves every grant; else it marks each grant as not enabled. It redeems every token of the
 * sites that it looks after.
 */

/**
 * How long Skupper's controller has to say whether it serves a grant, to take up a site, and to try
 * a token, in milliseconds. It does each within one second, unless a redemption hangs; each of
 * those takes 10 seconds.
 */
const graceMs = { grant: 5000, site: 5000, token: 20_000 } as const;

/**
 * Who serves a grant: the controller whose authority and url its status names. A grant that nobody
 * has taken is ours in three cases: no other controller looks after the site; the one that does
 * says that it serves no grants, or leaves others of the namespace to us; or it says nothing.
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
  const isFree = !sites.some(isLookedAfter) ||
    grants().some((other) => isOurs(other, address) || isMarked(other));
  return isFree ? "ours" : later([metadata.creationTimestamp], graceMs.grant, now);
}

/**
 * Who redeems a token: the controller that looks after the site. The token is ours where none does,
 * or where that controller has not even tried in time.
 */
export function claimToken(token: AccessToken, sites: Site[], now: number): Claim {
  if (sites.length === 0) return "theirs"; // nobody's, until there is a site
  if (!sites.some(isLookedAfter)) {
    return later(sites.map(({ metadata }) => metadata.creationTimestamp), graceMs.site, now);
  }
  const tried = findCondition(token, "Redeemed");
  // only our controllers write that a token is pending
  if (tried !== undefined) return tried.reason === "Pending" ? "ours" : "theirs";
  const changes = sites.flatMap(({ status }) => status?.conditions ?? [])
    .map(({ lastTransitionTime }) => lastTransitionTime);
  return later([token.metadata.creationTimestamp, ...changes], graceMs.token, now);
}

/** True if Skupper's controller, or one like it, has taken up the site. Ours takes up no sites. */
function isLookedAfter({ status }: Site): boolean {
  return Boolean(status?.controller?.name);
}

/** How many other authorities are remembered. */
const maxCompared = 100;

function isOurs({ metadata, status }: AccessGrant, { url, ca }: GrantAddress): boolean {
  if (url !== undefined && status?.url === `${url}/${metadata.uid}`) return true;
  if (status?.ca) return ca !== "" && isSameAuthority(status.ca, ca);
  // a url without an authority is written only by those who have tokens pin none
  return ca === "" && Boolean(status?.url);
}

/** The authority that grants were compared with last, and what was found of others. */
const compared = { ca: "", same: new Map<string, boolean>() };

/** True for certificates with one name and key: an authority keeps them when it is made anew. */
function isSameAuthority(other: string, ca: string): boolean {
  if (other === ca) return true;
  if (compared.ca !== ca || compared.same.size > maxCompared) {
    compared.ca = ca;
    compared.same.clear();
  }
  let same = compared.same.get(other);
  if (same === undefined) compared.same.set(other, same = isIssuedWithKeyOf(other, ca));
  return same;
}

function isIssuedWithKeyOf(certificatePem: string, authorityPem: string): boolean {
  try {
    return isSignedBy(certificatePem, authorityPem);
  } catch {
    return false; // whatever it is, it is not ours
  }
}

function isMarked({ status }: AccessGrant): boolean {
  return status?.message === grantsDisabled;
}

/** "ours" once the grace period has passed since the latest of the times. */
function later(times: (string | null | undefined)[], graceMs: number, now: number): Claim {
  const latest = Math.max(...times.map((time) => Date.parse(time ?? "") || 0));
  const leftMs = latest + graceMs - now;
  // a clock that is behind the cluster's must not make the wait longer
  return leftMs > 0 ? { againInMs: Math.min(leftMs, graceMs) } : "ours";
}
