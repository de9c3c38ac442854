import { isAppError } from "../errors/app_error.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { Site } from "../resources/site.ts";

/**
 * What to know of statuses that a controller of the cluster keeps, where none looks after the site
 * any more; undefined where one does, or where a router is asked instead.
 */
export function unservedSite(
  platform: PlatformWithAbilities,
  sites: readonly Site[],
  what: string,
): string | undefined {
  const [site] = sites;
  if (platform.routerProbe !== undefined || site === undefined) return undefined;
  if (sites.some(({ status }) => status?.controller?.name)) return undefined;
  return `No controller of Skupper's looks after site "${site.metadata.name}": of ${what} is told ` +
    "what one wrote last, if one ever did";
}

/** The sites of the namespace; none where the user may not list them. */
export async function visibleSites(
  platform: PlatformWithAbilities,
  signal: AbortSignal,
): Promise<Site[]> {
  try {
    return await platform.list("Site", signal);
  } catch (error) {
    if (isAppError(error, "forbidden")) return [];
    throw error;
  }
}
