import { attributeText, type Entity } from "./entity.ts";
import { connectedSince, linkConnectorRoles } from "./link_connections.ts";
import type { RemoteRouter } from "./management.ts";
import { siteNameOf } from "./router_site.ts";
import type { Heard } from "./router_view.ts";

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

/**
 * The sites that a router is linked with, from its connections and the sites that are known.
 * `nowMs` is the time in milliseconds since 1970.
 */
export function remoteSitesOf({ connections, sites }: Heard, nowMs: number): RemoteSite[] {
  return [...linkedRouters(connections)].map(([router, connections]) => {
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

/** The routers that a router is linked with, and whose sites are not known yet. */
export function routersUnheard({ connections, sites }: Heard): RemoteRouter[] {
  return [...linkedRouters(connections)]
    .filter(([name]) => !sites.some(({ router }) => router === name))
    .map(([name, [first]]) => remoteRouter(name, first!));
}

/** The connections to each router that a router is linked with. */
function linkedRouters(connections: readonly Entity[]): Map<string, Entity[]> {
  const found = Map.groupBy(
    connections.filter(isOfLink),
    (each) => attributeText(each, "container"),
  );
  found.delete("");
  return found;
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
