import { askSites } from "./ask_sites.ts";
import { attributeText, type Entity } from "./entity.ts";
import { connectedSince, linkConnectorRoles } from "./link_connections.ts";
import type { RemoteRouter, RouterManagement } from "./management.ts";
import { siteNameOf } from "./router_site.ts";

/** A site that a router is linked with, whichever side makes the link. */
export interface RemoteSite {
  name: string;
  id?: string;
  /** The router there. */
  router: string;
  /** How many connections there are, those for data counted. */
  connections: number;
  /** Since when the first of them is there (RFC 3339). */
  since?: string;
}

/** Asks a router which sites it is linked with. `nowMs` is the time in milliseconds since 1970. */
export async function askRemoteSites(
  management: RouterManagement,
  nowMs: number,
  signal: AbortSignal,
): Promise<RemoteSite[]> {
  const connections = await management.query("connection", signal);
  const found = Map.groupBy(
    connections.filter(isOfLink),
    (each) => attributeText(each, "container"),
  );
  found.delete("");
  const routers = [...found].map(([name, [first]]) => remoteRouter(name, first!));
  const sites = await askSites(management, routers, signal);
  return [...found].map(([router, connections]) => {
    const id = sites.find((site) => site.router === router)?.id;
    const since = connections.map((each) => connectedSince(each, nowMs))
      .filter((time) => time !== undefined).toSorted()[0];
    return {
      name: siteNameOf(router),
      ...(id === undefined ? {} : { id }),
      router,
      connections: connections.length,
      ...(since === undefined ? {} : { since }),
    };
  });
}

/**
 * A router at the other end of a connection: one that has come as an edge is asked by another
 * address.
 */
function remoteRouter(name: string, connection: Entity): RemoteRouter {
  const isEdge = attributeText(connection, "dir") === "in" &&
    attributeText(connection, "role").startsWith("edge");
  return isEdge ? { name, edge: true } : { name };
}

/** True for a connection of a link, those for its data among them. */
function isOfLink(connection: Entity): boolean {
  const role = attributeText(connection, "role").replace(/-data$/, "");
  return linkConnectorRoles.includes(role);
}
