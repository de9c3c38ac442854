import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { AccessToken } from "../resources/access_token.ts";
import { type RedeemedToken, type RedeemOptions, redeemToken } from "./redeem.ts";
import { redeemByController } from "./redeem_by_controller.ts";

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
  return pendingKeys === undefined
    ? await redeemByController(platform, token, options, progress)
    : await redeemToken(platform, token, { ...options, pendingKeys }, progress);
}
