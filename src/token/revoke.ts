import { appError } from "../errors/app_error.ts";
import type { Platform } from "../platform/platform.ts";
import type { AccessGrant } from "../resources/access_grant.ts";
import { apiVersion } from "../resources/resource.ts";
import { sleep } from "../runtime/clock.ts";
import type { RedeemSurroundings } from "./exchange.ts";
import { probeToken } from "./redeem_client.ts";
import type { UsableToken } from "./token_file.ts";

/** How long the grant service is asked whether it knows, and how often, in milliseconds. */
const askingMs = 5000;
const askEveryMs = 20;

/**
 * Ends a grant: removes it, and waits until its service, where it answers such questions, redeems
 * no token of it any more. Throws `resource-not-found`, what the platform throws, and the signal's
 * reason.
 */
export async function revokeGrant(
  platform: Platform,
  name: string,
  surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<void> {
  const { namespace } = platform;
  const grant = await platform.get("AccessGrant", name, signal);
  if (grant === undefined) {
    const data = { kind: "AccessGrant", name, namespace, list: "grant list" };
    throw appError("resource-not-found", data);
  }
  await platform.remove("AccessGrant", name, signal, { uid: grant.metadata.uid });
  const token = tokenOf(grant);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(askingMs)]);
  while (token !== undefined && await isServed(token, surroundings, limit)) {
    await sleep(askEveryMs, limit).catch(() => {});
  }
  signal.throwIfAborted();
}

/** False too where nothing answers: what starts later finds no grant. */
async function isServed(
  token: UsableToken,
  surroundings: RedeemSurroundings,
  limit: AbortSignal,
): Promise<boolean> {
  try {
    return (await probeToken(token, surroundings, limit)).usesLeft !== undefined;
  } catch {
    return false;
  }
}

function tokenOf({ metadata, status }: AccessGrant): UsableToken | undefined {
  if (!status?.url || !status.code) return undefined;
  const { url, ca = "", code } = status;
  return { apiVersion, kind: "AccessToken", metadata, spec: { url, ca, code } };
}
