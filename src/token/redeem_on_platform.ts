import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { Platform } from "../platform/platform.ts";
import type { AccessToken } from "../resources/access_token.ts";
import { foundDescribedSite } from "./described_site.ts";
import { credentialsName } from "./link_names.ts";
import { type RedeemedToken, type RedeemOptions, redeemToken } from "./redeem.ts";
import { linksOf, redeemByController } from "./redeem_by_controller.ts";

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
