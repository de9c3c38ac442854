import { askSites } from "./ask_sites.ts";
import type { Entity } from "./entity.ts";
import { type LinkState, linkStates, remoteRouters } from "./link_state.ts";
import type { RouterManagement } from "./management.ts";
import { type RouterSite, routerSite } from "./router_site.ts";

/** How it stands with the router of a site, as far as it can be seen. */
export interface RouterView {
  /** unknown: there may be one, and it could not be asked. */
  state: "running" | "stopped" | "unknown";
  /** Why it could not be asked. */
  why?: string;
  /** True where it could not be asked, and yet takes links. */
  seen?: boolean;
  /** What it says of itself. */
  site?: RouterSite;
  /** Its links by name; none where it was not asked. */
  links: Map<string, LinkState>;
  /** Of whom it is linked with, where it was asked. */
  heard?: Heard;
}

/** The connections of a router, and the sites of some of the routers at their other ends. */
export interface Heard {
  connections: readonly Entity[];
  sites: readonly RouterSite[];
}

/** Asks a router for its links. `nowMs` is the time in milliseconds since 1970. */
export async function viewRouter(
  management: RouterManagement,
  nowMs: number,
  signal: AbortSignal,
): Promise<RouterView> {
  const [routers, connectors, connections] = await Promise.all([
    management.query("router", signal),
    management.query("connector", signal),
    management.query("connection", signal),
  ]);
  const remote = remoteRouters(connectors, connections).map((name) => ({ name }));
  const sites = await askSites(management, remote, signal);
  return {
    state: "running",
    ...(routers[0] === undefined ? {} : { site: routerSite(routers[0]) }),
    links: linkStates(connectors, connections, sites, nowMs),
    heard: { connections, sites },
  };
}
