import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { Platform } from "../platform/platform.ts";
import type { AccessToken } from "../resources/access_token.ts";
import { foundDescribedSite } from "./described_site.ts";
import { credentialsName } from "./link_names.ts";
import { appError } from "../errors/app_error.ts";
import { isReady } from "../resources/resource.ts";
import { checkToken } from "./token_file.ts";
import {
  type RedeemedToken,
  type RedeemOptions,
  redeemToken,
  rehearseRedemption,
} from "./redeem.ts";
import { linksOf, redeemByController, refuseUseless } from "./redeem_by_controller.ts";

/**
 * Redeems a token where the platform does that: here, if keys outlive this process, else in its
 * controller.
 */
export async function redeemOnPlatform(
  platform: PlatformWithAbilities,
  token: AccessToken,
  options: Omit<RedeemOptions, "pendingKeys">,
  progress: (text: string) => void,
): Promise<RedeemedToken> {
  const { pendingKeys } = platform;
  await foundDescribedSite(platform, options.deadline.signal, progress);
  return pendingKeys === undefined
    ? await redeemByController(platform, token, options, progress)
    : await redeemToken(platform, token, { ...options, pendingKeys }, progress);
}

/**
 * What an earlier redemption of the token has made here; undefined if there is no link of it any
 * more. Throws what the platform throws.
 */
export async function findRedeemed(
  platform: Platform,
  token: AccessToken,
  signal: AbortSignal,
): Promise<RedeemedToken | undefined> {
  const { name } = token.metadata;
  const links = await linksOf(platform, name, signal);
  const [site] = await platform.list("Site", signal);
  if (links.length === 0 || site === undefined) return undefined;
  return { token: name, site: site.metadata.name, secret: credentialsName(name), links };
}

/**
 * Sees whether the token could be redeemed here, as far as this machine or its cluster knows, and
 * returns the site that would be linked. Nothing is sent to its grant service, nothing stored.
 * Throws as `redeemOnPlatform` does.
 */
export async function rehearseOnPlatform(
  platform: PlatformWithAbilities,
  token: AccessToken,
  signal: AbortSignal,
): Promise<string> {
  const usable = checkToken(token, `AccessToken ${token.metadata.name}`);
  if (platform.pendingKeys !== undefined) {
    return await rehearseRedemption(platform, usable, signal);
  }
  const sites = await platform.list("Site", signal);
  const site = sites.find(isReady) ?? sites[0];
  const { namespace } = platform;
  if (site === undefined) {
    throw appError("site-missing", { namespace, purpose: "redeem a token" });
  }
  await refuseUseless(platform, usable, signal);
  return site.metadata.name;
}
