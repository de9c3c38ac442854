import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { Site } from "../resources/site.ts";
import { hasCondition } from "../resources/resource.ts";
import { sleep } from "../runtime/clock.ts";

/** What gives addresses has had its time by then, in milliseconds. */
const addressMs = 3000;

/** A look at why a site gets no address, taken while it is waited for. */
export interface AddressLook {
  /** What was found, for the message on expiry. */
  words(): string;
  end(): void;
}

/**
 * Looks after a short while which address a site lacks that does not come by itself, and tells it.
 * Where nothing is found, or the user may not look, nothing is said.
 */
export function lookForAddress(
  platform: PlatformWithAbilities,
  tell: (text: string) => void,
): AddressLook {
  const stop = new AbortController();
  let found: string | undefined;
  void look().catch(() => {}); // it is a help, and no more
  return { words: () => found === undefined ? "" : `; ${found}`, end: () => stop.abort() };

  async function look(): Promise<void> {
    await sleep(addressMs, stop.signal);
    const [site] = await platform.list("Site", stop.signal);
    found = site && await lackingAddress(platform, site, stop.signal);
    if (found !== undefined) tell(found);
  }
}

/** Which address the site lacks, and what helps; undefined where it lacks none, or nobody knows. */
export async function lackingAddress(
  platform: PlatformWithAbilities,
  site: Site,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (hasCondition(site, "Resolved")) return undefined;
  const service = await platform.addressProbe?.lacking(signal);
  if (service === undefined) return undefined;
  return `Service "${service}" has no address yet; a cluster without a load balancer, as kind and ` +
    "minikube are, gives it none: it needs one, or --link-access-type nodeport (site update)";
}
