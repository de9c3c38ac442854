import { findCondition } from "../resources/resource.ts";
import type { Site } from "../resources/site.ts";
import { networkOfSite, type NetworkSite } from "./network_map.ts";
import type { RouterStanding } from "./router_probe.ts";

/**
 * How it stands with the router of a site and its links, as Skupper's controller keeps it in the
 * site's status (docs/spec/resources.md 2). Undefined where no controller has written of a router.
 */
export function keptStanding(site: Site): RouterStanding | undefined {
  const condition = findCondition(site, "Running");
  if (condition === undefined && (site.status?.network ?? []).length === 0) return undefined;
  const { sites, links } = networkOfSite(site);
  const here = sites.find((each) => each.here)?.key;
  const siteOf = (key: string | undefined) => sites.find((each) => each.key === key);
  const others = links.filter(({ state }) => state === "operational").flatMap(({ from, to }) =>
    from === here ? [to] : to === here ? [from] : []
  );
  const remoteSites = [...new Set(others)].map(siteOf).filter((each) => each !== undefined);
  return {
    kept: true,
    ...standing(condition),
    links: links.filter(({ from }) => from === here).map(({ name, state, to }) => {
      const remote = siteOf(to);
      return { name, state, ...(remote === undefined ? {} : { remoteSite: named(remote) }) };
    }),
    remoteSites: remoteSites.map(named),
  };
}

function standing(
  condition: ReturnType<typeof findCondition>,
): Pick<RouterStanding, "running" | "state" | "why"> {
  if (condition?.status === "True") return { running: true, state: "running" };
  if (condition?.status === "False") return { running: false, state: "stopped" };
  return { running: false, state: "unknown", why: "no controller says whether one runs" };
}

function named({ name, id }: NetworkSite): { name: string; id?: string } {
  return { name, ...(id === undefined ? {} : { id }) };
}
