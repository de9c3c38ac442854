import { isAppError } from "../../../src/errors/app_error.ts";
import type { Site } from "../../../src/resources/site.ts";
import { takesLinks } from "./link_endpoints.ts";
import { keepFault, readFault } from "./founding_fault.ts";
import { siteUid } from "./site_authority.ts";
import { type FounderSetup, foundSite } from "./site_founder.ts";
import { siteMarks } from "./site_marks.ts";
import { takesRemoteLinks } from "./site_status.ts";
import { isStarted } from "../started_namespace.ts";

/**
 * Founds the site of that name, which a file alone describes, and has what was made for it follow
 * what the file says now. Returns true if something was made or taken away. Of several sites in a
 * namespace only the first one by name is founded, and none that upstream has started. What stands
 * in the way is kept for the site's status, and thrown.
 */
export async function foundDeclaredSite(
  setup: FounderSetup,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { paths, platform } = setup;
  if (await isStarted(paths)) return false;
  const [site] = await platform.list("Site", signal);
  if (site?.metadata.name !== name) return false;
  if (await isFounded(setup, site, signal)) {
    if (await readFault(paths, name) !== undefined) await keepFault(paths, name, undefined);
    return false;
  }
  try {
    await foundSite(setup, site, [], signal, { keepAccess: true, keepPlatform: true });
    await keepFault(paths, name, undefined);
    return true;
  } catch (error) {
    // changed, removed or started meanwhile: that is a change to look at
    if (isAppError(error, "conflict", "namespace-foreign")) return false;
    if (isAppError(error)) await keepFault(paths, name, error.message);
    throw error;
  }
}

/** True where nothing is to be made or taken away. */
async function isFounded(
  { paths, platform }: FounderSetup,
  site: Site,
  signal: AbortSignal,
): Promise<boolean> {
  const uid = await siteUid(paths);
  if (uid === undefined) return false;
  const accesses = await platform.list("RouterAccess", signal);
  if (takesRemoteLinks(site)) return accesses.some(takesLinks);
  const { name } = site.metadata;
  return !await siteMarks(paths, uid).has(`RouterAccess-${name}`);
}
