import { need, type PlatformWithAbilities } from "../../platform/abilities.ts";
import type { Site } from "../../resources/site.ts";

/**
 * Stores a site, with what it is founded with where that is ours to make. Throws
 * `platform-unsupported` for link hosts where it isn't, and what the platform throws.
 */
export async function storeSite(
  platform: PlatformWithAbilities,
  site: Site,
  linkHosts: string[],
  signal: AbortSignal,
): Promise<Site> {
  if (linkHosts.length > 0) need(platform, "siteFounder", "--link-host");
  return platform.siteFounder === undefined
    ? await platform.apply<"Site">(site, signal)
    : await platform.siteFounder.found(site, linkHosts, signal);
}
