import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { Deadline } from "../wait/deadline.ts";
import { waitFor } from "../wait/wait_for.ts";
import { lookForAddress } from "./lacking_address.ts";
import { appError } from "../errors/app_error.ts";
import { describeState, isReady } from "../resources/resource.ts";
import { hasFailed, type Site, wantsLinkAccess } from "../resources/site.ts";

/**
 * The site that issues tokens, or will once it is ready. `purpose` is what it is needed for. Throws
 * where no waiting helps: `site-missing`, `site-edge`, `link-access-disabled` or `site-failed`.
 */
export function requireOpenSite(
  sites: Site[],
  namespace: string,
  purpose = "issue a token",
): Site {
  const [first] = sites;
  if (first === undefined) throw appError("site-missing", { namespace, purpose, open: true });
  const interior = sites.filter((site) => site.spec?.edge !== true);
  if (interior.length === 0) throw appError("site-edge", { site: first.metadata.name });
  const open = interior.filter((site) => wantsLinkAccess(site) || hasEndpoints(site));
  if (open.length === 0) {
    throw appError("link-access-disabled", { site: interior[0]!.metadata.name });
  }
  const hopeful = open.find((site) => !hasFailed(site));
  if (hopeful !== undefined) return hopeful;
  throw appError("site-failed", {
    site: open[0]!.metadata.name,
    message: open[0]!.status?.message ?? "",
  });
}

/** The first site that links can be made to now, if there is one. */
export function chooseReadySite(sites: Site[]): Site | undefined {
  return sites.find((site) => site.spec?.edge !== true && isReady(site) && hasEndpoints(site));
}

/** The state of each site in words. */
export function describeSites(sites: Site[]): string {
  return sites.map((site) =>
    `site "${site.metadata.name}" is ${describeState(site)}` +
    (hasEndpoints(site) ? "" : ", without an endpoint")
  ).join("; ");
}

function hasEndpoints(site: Site): boolean {
  return (site.status?.endpoints ?? []).length > 0;
}

/**
 * The site of the namespace once it can take links. Throws `site-missing`, `site-edge`,
 * `site-failed`, `link-access-disabled`, `controller-not-running` and `timed-out`, whose command
 * that goes on has the words `resume`.
 */
export async function awaitSite(
  platform: PlatformWithAbilities,
  resume: string,
  deadline: Deadline,
  progress: (text: string) => void,
): Promise<Site> {
  const { signal } = deadline;
  const sites = await platform.list("Site", signal);
  const site = requireOpenSite(sites, platform.namespace);
  const { controllerLock } = platform;
  if (controllerLock?.isHeld() === false) {
    throw appError("controller-not-running", { home: controllerLock.home });
  }
  const ready = chooseReadySite(sites);
  if (ready !== undefined) return ready;
  const look = lookForAddress(platform, progress);
  try {
    return await waitFor(platform.watch("Site", signal), {
      what: `site "${site.metadata.name}" to be ready for links`,
      done(sites) {
        requireOpenSite(sites, platform.namespace);
        return chooseReadySite(sites);
      },
      describe: (sites) => describeSites(sites) + look.words(),
      resume,
    }, deadline);
  } finally {
    look.end();
  }
}
