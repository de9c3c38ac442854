import { type AppError, appError, isAppError } from "../errors/app_error.ts";
import { createKeyPair, importPrivateKey } from "../pki/key_pair.ts";
import { createRequest } from "../pki/request.ts";
import type { PendingKeys } from "../platform/abilities.ts";
import type { Platform } from "../platform/platform.ts";
import type { AccessToken } from "../resources/access_token.ts";
import { siteOwner } from "../resources/owner.ts";
import { isReady } from "../resources/resource.ts";
import type { Site } from "../resources/site.ts";
import type { Now } from "../runtime/clock.ts";
import type { Deadline } from "../wait/deadline.ts";
import { readAnswer } from "./answer.ts";
import type { RedeemSurroundings } from "./exchange.ts";
import { credentialsName, firstLinkNames } from "./link_names.ts";
import { probeToken, requestRedemption } from "./redeem_client.ts";
import { confirmLink, describeUnstored, rehearseLink, storeLink } from "./store_link.ts";
import { checkToken, type UsableToken } from "./token_file.ts";
import { isMadeFrom, markToken } from "./token_mark.ts";

export interface RedeemOptions {
  deadline: Deadline;
  /** Keeps our key through a crash, so that a retry is the same redemption. */
  pendingKeys: PendingKeys;
  /** Where HTTPS_PROXY and NO_PROXY are read from. */
  env: Record<string, string | undefined>;
  /** Wins over the token's own. */
  linkCost?: number;
  now?: Now;
}

/** What a redemption made. */
export interface RedeemedToken {
  /** The token's name. */
  token: string;
  site: string;
  secret: string;
  links: string[];
}

/**
 * Refusals after which no retry of this redemption can succeed: its key has become useless. That a
 * token has expired is none: it is what one clock says, and a request that was lost on its way
 * before may still be given a use by a service whose clock says otherwise. Nor is a 403, which a
 * proxy says as well, and a service that has not heard yet of another code.
 */
export const finalRefusals = ["token-used-up", "token-revoked"] as const;

/** Refusals that may not last, and keep the key for the use that it may have been given. */
export const doubtfulRefusals = [
  "token-refused",
  "token-expired",
  "token-unknown",
  "token-closed",
] as const;

/**
 * Redeems a token at its grant service and stores the Secret and Links it gives, on a platform
 * where this program itself does that. Nothing is overwritten and no use is spent where that would
 * be in vain: what can be known of storing is known before the request is sent. What is given
 * belongs to the site that was there then, or is not stored; run again after any failure it goes on
 * with the same redemption. Throws `site-missing`, `site-gone`, `token-own`, `already-redeemed`,
 * `name-taken`, `token-file-invalid`, `token-not-stored`, what the platform throws, and what
 * `requestRedemption` and `readAnswer` do.
 */
export async function redeemToken(
  platform: Platform,
  token: AccessToken,
  options: RedeemOptions,
  progress: (text: string) => void,
): Promise<RedeemedToken> {
  const usable = checkToken(token, `AccessToken ${token.metadata.name}`);
  const { deadline, pendingKeys, env, now = Date.now } = options;
  const { signal } = deadline;
  const surroundings = { env, now };
  const site = await requireSite(platform, usable, surroundings, signal);
  await refuseRepetition(platform, usable, signal);
  await refuseOwn(platform, usable, signal);

  const mark = markToken(usable);
  const { name } = usable.metadata;
  const cost = options.linkCost ?? usable.spec.linkCost;
  const storage = { platform, site, name: credentialsName(name), mark, cost };
  progress(`Redeeming token "${name}"...`);
  const privateKeyPem = await pendingKeys.obtain(mark, makeKey, signal);
  try {
    // a process that redeemed it meanwhile forgot the key only after everything was stored
    await refuseRepetition(platform, usable, signal);
    const subject = site.metadata.uid ?? site.metadata.name.slice(0, 64);
    const csr = await createRequest(await importPrivateKey(privateKeyPem), subject);
    await rehearseLink(storage, signal);
    const redemption = { name: storage.name, subject, csr };
    const body = await requestRedemption(usable, redemption, deadline, surroundings);
    const asked = { url: usable.spec.url, name: storage.name, privateKeyPem };
    const bundle = readAnswer(body, asked);
    try {
      await storeLink(storage, bundle, signal);
    } catch (error) {
      throw describeUnstored(error, name, bundle.credentials.privateKey === privateKeyPem);
    }
    // all is stored: a key that can't be removed now is swept later
    await pendingKeys.forget(mark, signal).catch(() => {});
    return {
      token: name,
      site: site.metadata.name,
      secret: storage.name,
      links: bundle.links.map((link) => link.name),
    };
  } catch (error) {
    // a service that has lost sight of the grant may find it again, and the use given to this key
    if (isAppError(error, ...finalRefusals)) await pendingKeys.forget(mark, signal);
    if (isAppError(error, "already-redeemed")) {
      // what another process has just stored may not be on the disk yet, and then the key is needed
      await confirmLink(storage, signal).then(() => pendingKeys.forget(mark, signal), () => {});
    }
    throw error;
  }
}

/**
 * Sees whether the token could be redeemed here and now, as far as this machine knows; nothing is
 * sent or stored. Returns the site that would be linked. Throws as `redeemToken` does.
 */
export async function rehearseRedemption(
  platform: Platform,
  token: UsableToken,
  signal: AbortSignal,
): Promise<string> {
  const sites = await platform.list("Site", signal);
  const site = sites.find(isReady) ?? sites[0];
  const { namespace } = platform;
  if (site === undefined) {
    throw appError("site-missing", { namespace, purpose: "redeem a token" });
  }
  await refuseRepetition(platform, token, signal);
  await refuseOwn(platform, token, signal);
  const { spec: { linkCost: cost }, metadata: { name } } = token;
  const storage = { platform, site, name: credentialsName(name), mark: markToken(token), cost };
  await rehearseLink(storage, signal);
  return site.metadata.name;
}

/**
 * The site that is to be linked: the one that the token belongs to, if it is one's, else the ready
 * one. That a token is spent is worth more to know than that there is none.
 */
async function requireSite(
  platform: Platform,
  token: UsableToken,
  surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<Site> {
  const { namespace } = platform;
  let missing: AppError = appError("site-missing", { namespace, purpose: "redeem a token" });
  try {
    const sites = await platform.list("Site", signal);
    const owner = siteOwner(token.metadata);
    if (owner !== undefined) {
      const site = sites.find(({ metadata }) => metadata.uid === owner.uid);
      if (site !== undefined) return site;
      const { kind, metadata: { name } } = token;
      throw appError("site-gone", { kind, name, site: owner.name, namespace });
    }
    const site = sites.find(isReady) ?? sites[0];
    if (site !== undefined) return site;
  } catch (error) {
    if (!isAppError(error, "namespace-not-found")) throw error;
    missing = error;
  }
  try {
    await probeToken(token, surroundings, signal);
  } catch (error) {
    if (isAppError(error, ...finalRefusals, ...doubtfulRefusals)) throw error;
  }
  throw missing;
}

/**
 * Throws `already-redeemed` if the token was redeemed here, `name-taken` if something else has its
 * name.
 */
async function refuseRepetition(
  platform: Platform,
  token: UsableToken,
  signal: AbortSignal,
): Promise<void> {
  const { namespace } = platform;
  const mark = markToken(token);
  const [name, numbered] = firstLinkNames(token.metadata.name) as [string, string];
  const secret = await platform.get("Secret", name, signal);
  const link = await platform.get("Link", name, signal);
  for (const found of [secret, link]) {
    if (found === undefined || isMadeFrom(found, mark)) continue;
    throw appError("name-taken", { kind: found.kind, name, namespace });
  }
  if (secret === undefined) return;
  // the first Link is stored last: where it is, all is
  const first = link ?? await platform.get("Link", numbered, signal);
  if (isMadeFrom(first, mark)) {
    throw appError("already-redeemed", { token: token.metadata.name, namespace });
  }
}

/**
 * Throws `token-own` if a grant of this namespace made the token: a link to itself would burn a
 * use.
 */
export async function refuseOwn(
  platform: Platform,
  token: UsableToken,
  signal: AbortSignal,
): Promise<void> {
  const grants = await platform.list("AccessGrant", signal);
  if (!grants.some((grant) => grant.status?.url === token.spec.url)) return;
  const { namespace } = platform;
  throw appError("token-own", { token: token.metadata.name, namespace });
}

async function makeKey(): Promise<string> {
  return (await createKeyPair()).privateKeyPem;
}
