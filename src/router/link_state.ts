import { attributeNumber, attributeText, type Entity } from "./entity.ts";
import { connectedSince, connectionsOf, linkConnectorRoles } from "./link_connections.ts";
import { describeFault, type LinkFault, linkFault } from "./link_fault.ts";
import { type RouterSite, siteNameOf } from "./router_site.ts";

/** How it stands with a link, as the router that has it says. */
export interface LinkState {
  /**
   * absent: the router has no such link. unknown: it could not be asked. deleted: the router has
   * it, and the site no longer does.
   */
  state: "operational" | "down" | "absent" | "deleted" | "unknown";
  /** Since when it is operational (RFC 3339). */
  since?: string;
  /** What keeps it from being operational, where the kind is known. */
  fault?: LinkFault;
  /** The router's own words, or why it could not be asked. */
  message?: string;
  /** The cost that the router uses. */
  cost?: number;
  remoteSite?: { name: string; id?: string; router: string };
  /** How many connections it has, those for data counted. */
  connections?: number;
}

/** The state of each link of a router, by name, from its connectors and connections. */
export function linkStates(
  connectors: readonly Entity[],
  connections: readonly Entity[],
  sites: readonly RouterSite[],
  nowMs: number,
): Map<string, LinkState> {
  const links = connectors.filter((connector) =>
    linkConnectorRoles.includes(attributeText(connector, "role"))
  );
  return new Map(links.map((connector) => [
    attributeText(connector, "name"),
    linkState(connector, connectionsOf(connector, connections), sites, nowMs),
  ]));
}

/** What keeps a link from being operational: in plain words where its kind is known. */
export function describeDown(
  { fault, message }: Pick<LinkState, "fault" | "message">,
): string | undefined {
  if (message === undefined) return undefined;
  return (fault && describeFault(fault)) ?? message;
}

/** The routers that links lead to, of those that are operational. */
export function remoteRouters(
  connectors: readonly Entity[],
  connections: readonly Entity[],
): string[] {
  const found = connectors.filter(isOperational)
    .map((connector) => attributeText(connectionsOf(connector, connections)[0] ?? {}, "container"));
  return [...new Set(found)].filter((router) => router !== "");
}

function linkState(
  connector: Entity,
  connections: readonly Entity[],
  sites: readonly RouterSite[],
  nowMs: number,
): LinkState {
  const cost = attributeNumber(connector, "cost");
  const known = cost === undefined ? {} : { cost };
  if (!isOperational(connector)) {
    const message = attributeText(connector, "connectionMsg");
    return {
      state: "down",
      ...known,
      ...(message === "" ? {} : { message, fault: linkFault(message) }),
    };
  }
  const [first] = connections;
  const router = first === undefined ? "" : attributeText(first, "container");
  const since = first === undefined ? undefined : connectedSince(first, nowMs);
  return {
    state: "operational",
    ...known,
    ...(since === undefined ? {} : { since }),
    ...(router === "" ? {} : { remoteSite: remoteSite(router, sites) }),
    connections: connections.length,
  };
}

function isOperational(connector: Entity): boolean {
  return attributeText(connector, "connectionStatus") === "SUCCESS";
}

function remoteSite(
  router: string,
  sites: readonly RouterSite[],
): NonNullable<LinkState["remoteSite"]> {
  const id = sites.find((site) => site.router === router)?.id;
  return { name: siteNameOf(router), ...(id === undefined ? {} : { id }), router };
}
