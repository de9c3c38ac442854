import type { Site } from "../resources/site.ts";

/** A site of the network. */
export interface NetworkSite {
  /** What links name it by: its id, or its router's name where that is not known. */
  key: string;
  name: string;
  id?: string;
  namespace?: string;
  platform?: string;
  version?: string;
  /** True for the site that was asked. */
  here?: true;
  /** False where its router did not answer, so that more may be linked to it. */
  answered?: false;
}

/** A link of the network: made at one site to another. */
export interface NetworkLink {
  name: string;
  /** The key of the site that made it. */
  from: string;
  /** The key of the site that it leads to; undefined where it does not lead anywhere now. */
  to?: string;
  state: "operational" | "down";
  cost?: number;
  role?: string;
  /** Where it should lead. */
  address?: string;
  /** Why it is down, in the router's words. */
  message?: string;
}

/** What is known of a whole network. */
export interface NetworkMap {
  sites: NetworkSite[];
  links: NetworkLink[];
}

export interface NetworkView {
  /** What is known of the network. Throws `router-not-running` and `router-not-asked`. */
  network(signal: AbortSignal): Promise<NetworkMap>;
}

/** The network as Skupper's controller keeps it in the status of a Site. */
export function networkOfSite(site: Site): NetworkMap {
  const records = (site.status?.network ?? []) as SiteRecord[]; // as docs/spec/resources.md 2 has it
  const own = site.metadata.uid;
  const sites = records.map((
    { id = "", name = "", namespace, platform, version },
  ): NetworkSite => ({
    key: id || name,
    name: name || id,
    ...(id === "" ? {} : { id }),
    ...(namespace ? { namespace } : {}),
    ...(platform ? { platform } : {}),
    ...(version ? { version } : {}),
    ...(id !== "" && id === own ? { here: true as const } : {}),
  }));
  if (!sites.some(({ here }) => here)) {
    const same = sites.find(({ name, namespace }) =>
      name === site.metadata.name && namespace === site.metadata.namespace
    );
    if (same !== undefined) same.here = true;
    else sites.unshift({ key: own ?? site.metadata.name, name: site.metadata.name, here: true });
  }
  const links = records.flatMap(({ id = "", name: from = "", links = [] }) =>
    (links ?? []).map(({ name = "", remoteSiteId, remoteSiteName, operational }): NetworkLink => {
      const to = remoteSiteId || sites.find((each) => each.name === remoteSiteName)?.key;
      return {
        name,
        from: id || from,
        ...(to === undefined ? {} : { to }),
        state: operational === true ? "operational" : "down",
      };
    })
  );
  return { sites: complete(sites, links), links };
}

/** Adds the sites that links lead to and of which nothing else is known. */
function complete(sites: NetworkSite[], links: NetworkLink[]): NetworkSite[] {
  const known = new Set(sites.map(({ key }) => key));
  const others = links.flatMap(({ from, to }) => to === undefined ? [from] : [from, to]);
  for (const key of new Set(others)) {
    if (!known.has(key)) sites.push({ key, name: key, answered: false });
  }
  return sites;
}

interface SiteRecord {
  id?: string;
  name?: string;
  namespace?: string;
  platform?: string;
  version?: string;
  links?: {
    name?: string;
    remoteSiteId?: string;
    remoteSiteName?: string;
    operational?: boolean;
  }[] | null;
}
