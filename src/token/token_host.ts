import { isIPv6 } from "node:net";
import { appError, isAppError } from "../errors/app_error.ts";
import { whyOnlyHere } from "../network/host_reach.ts";
import { bareHost } from "../network/proxy.ts";
import type { Platform } from "../platform/platform.ts";
import type { AccessToken } from "../resources/access_token.ts";
import type { Site } from "../resources/site.ts";
import { askGrantService, type RedeemSurroundings } from "./exchange.ts";

/** How long the grant service may take to show whether it has that name, in milliseconds. */
const answerWithinMs = 5000;

/** The host that a token names. */
export function hostOf({ spec }: AccessToken): string {
  return bareHost(new URL(spec!.url));
}

/** Why no other machine can redeem a token at the host it names, if anything speaks for that. */
export async function whyUnredeemable(
  token: AccessToken,
  signal: AbortSignal,
): Promise<string | undefined> {
  const host = hostOf(token);
  const why = await whyOnlyHere(host, signal);
  return why === undefined ? undefined : `Other machines can't redeem it at ${host}: ${why}.`;
}

/**
 * The token with another of the site's hosts in it. Throws `invalid-value` for one that is not the
 * site's, and `tls-failed` where the grant service has no certificate for it.
 */
export async function withHost(
  token: AccessToken,
  host: string,
  { platform, site }: { platform: Platform; site: Site },
  surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<AccessToken> {
  const accesses = await platform.list("RouterAccess", signal);
  const hosts = new Set([
    hostOf(token),
    ...(site.status?.endpoints ?? []).flatMap(({ host = [] }) => host),
    ...accesses.flatMap(({ spec }) => spec?.subjectAlternativeNames ?? []),
  ]);
  if (!hosts.has(host)) {
    const wanted = `one of the site's hosts: ${[...hosts].join(", ")}`;
    throw appError("invalid-value", { name: "--host", value: host, wanted });
  }
  const url = new URL(token.spec!.url);
  url.hostname = isIPv6(host) ? `[${host}]` : host;
  const named = { ...token, spec: { ...token.spec!, url: url.href } };
  const { ca, code } = named.spec;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
  try {
    const request = { url: url.href, ca, method: "GET", headers: { code }, body: "" } as const;
    await askGrantService(request, surroundings, limit);
  } catch (error) {
    signal.throwIfAborted();
    // a host that leads here from elsewhere alone can't be tried from here
    if (isAppError(error, "tls-failed")) throw error;
  }
  return named;
}
