import { isAppError } from "../errors/app_error.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";

/**
 * Founds a site that was only described, as upstream's `site create` does: its certificate
 * authority is upstream's to make when the site is started, and a token needs one before. What is
 * made here is what upstream takes over then. Throws what the platform throws.
 */
export async function foundDescribedSite(
  platform: PlatformWithAbilities,
  signal: AbortSignal,
  progress: (text: string) => void,
): Promise<void> {
  if (platform.siteFounder === undefined) return;
  const [site, ...others] = await platform.list("Site", signal);
  const isFounded = site === undefined || site.metadata.uid !== undefined;
  if (isFounded || others.length > 0) return;
  progress(`Making the certificate authority of site "${site.metadata.name}"...`);
  try {
    await platform.siteFounder.found(site, [], signal);
  } catch (error) {
    // upstream has begun to start it, and what is missing is its to make
    if (!isAppError(error, "namespace-foreign")) throw error;
  }
}
