import type { CommandContext } from "../../cli/context.ts";
import { appError } from "../../errors/app_error.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";
import type { Site } from "../../resources/site.ts";

/**
 * The site a command means: the named one, else the namespace's only one.
 * Throws `resource-not-found`, `site-missing`, or `usage` if several fit.
 */
export async function currentSite(
  platform: PlatformWithAbilities,
  name: string | undefined,
  purpose: string,
  context: CommandContext,
): Promise<Site> {
  const { namespace } = platform;
  const sites = await platform.list("Site", context.signal);
  if (name !== undefined) {
    const site = sites.find((site) => site.metadata.name === name);
    if (site !== undefined) return site;
    const list = sites.length === 0 ? {} : { list: "site status" };
    throw appError("resource-not-found", { kind: "Site", name, namespace, ...list });
  }
  if (sites.length === 0) throw appError("site-missing", { namespace, purpose });
  if (sites.length > 1) {
    const names = sites.map((site) => site.metadata.name).join(", ");
    throw appError("usage", {
      message: `Cannot ${purpose}: namespace "${namespace}" holds several sites: ${names}`,
      help: "Name one of them.",
    });
  }
  return sites[0]!;
}
