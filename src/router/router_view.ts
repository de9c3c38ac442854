import { abortable } from "../runtime/abortable.ts";
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
}

/** How long remote routers may take to say which sites they are of, in milliseconds. */
const remoteLimitMs = 500;

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
  const names = remoteRouters(connectors, connections);
  const sites = await askSites(management, names, signal);
  return {
    state: "running",
    ...(routers[0] === undefined ? {} : { site: routerSite(routers[0]) }),
    links: linkStates(connectors, connections, sites, nowMs),
  };
}

/** The sites of remote routers; those that do not answer soon are left out. */
export async function askSites(
  management: RouterManagement,
  routers: readonly string[],
  signal: AbortSignal,
): Promise<RouterSite[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(remoteLimitMs)]);
  const sites = await abortable(
    Promise.all(routers.map(async (router) => {
      try {
        const [entity] = await management.query("router", limited, { name: router });
        return entity === undefined ? undefined : routerSite(entity);
      } catch {
        signal.throwIfAborted();
        return undefined; // what it is called is known all the same
      }
    })),
    signal,
  );
  return sites.filter((site) => site !== undefined);
}
