import { attributeNumber, attributeText, type Entity } from "./entity.ts";
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

/** The roles of connectors that are links. */
const linkRoles = ["inter-router", "edge"];

/** The state of each link of a router, by name, from its connectors and connections. */
export function linkStates(
  connectors: readonly Entity[],
  connections: readonly Entity[],
  sites: readonly RouterSite[],
  nowMs: number,
): Map<string, LinkState> {
  const links = connectors.filter((connector) =>
    linkRoles.includes(attributeText(connector, "role"))
  );
  return new Map(links.map((connector) => [
    attributeText(connector, "name"),
    linkState(connector, connectionsOf(connector, connections), sites, nowMs),
  ]));
}

/** What keeps a link from being operational, in plain words before the router's own. */
export function describeLink(link: LinkState | undefined): string | undefined {
  const { fault, message } = link ?? {};
  const plain = fault === undefined ? undefined : describeFault(fault);
  if (message === undefined) return undefined;
  return plain === undefined ? message : `Not operational: ${plain}`;
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
  const uptimeSeconds = first === undefined ? undefined : attributeNumber(first, "uptimeSeconds");
  const since = uptimeSeconds === undefined ? undefined : timeAt(nowMs - uptimeSeconds * 1000);
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

/**
 * The connections that a connector has made, the one for control first. The router names the last
 * one that it opened, and gives all of one connector the same group.
 */
function connectionsOf(connector: Entity, connections: readonly Entity[]): Entity[] {
  const named = /^\[C(\d+)\]/.exec(attributeText(connector, "connectionMsg"))?.[1];
  const address = `${attributeText(connector, "host")}:${attributeText(connector, "port")}`;
  const outgoing = connections.filter((each) => attributeText(each, "dir") === "out");
  const opened = outgoing.find((each) => attributeText(each, "identity") === named) ??
    outgoing.find((each) => attributeText(each, "host") === address);
  if (opened === undefined) return [];
  const group = attributeText(opened, "groupCorrelationId");
  const all = group === ""
    ? outgoing.filter((each) => attributeText(each, "host") === attributeText(opened, "host"))
    : outgoing.filter((each) => attributeText(each, "groupCorrelationId") === group);
  return all.toSorted((a, b) => rank(a) - rank(b));
}

function rank(connection: Entity): number {
  return linkRoles.includes(attributeText(connection, "role")) ? 0 : 1;
}

function timeAt(ms: number): string | undefined {
  const at = new Date(ms);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString().replace(/\.\d+Z$/, "Z");
}
