import { attributeText, type Entity } from "./entity.ts";
import { type LinkState, linkStates } from "./link_state.ts";
import type { RemoteRouter, RouterManagement } from "./management.ts";
import type { NetworkLink, NetworkMap, NetworkSite } from "./network_map.ts";
import { type RouterSite, routerSite, siteNameOf } from "./router_site.ts";

/** More routers than this are not asked: a network is no reason to wait for ever. */
const maxRouters = 1000;

/** How long a remote router may take to answer, in milliseconds. */
const remoteLimitMs = 2000;

/** What a router says of itself. */
interface Told {
  router: RemoteRouter;
  site: RouterSite;
  namespace: string;
  states: Map<string, LinkState>;
  connectors: Entity[];
  /** Edge routers that are linked to it. */
  edges: string[];
  answered: boolean;
}

/**
 * Asks all routers of the network, through the one at hand, for their sites and links. Those that
 * do not answer are in the map by what others say of them. Throws as RouterManagement does where
 * the one at hand does not answer.
 */
export async function askNetwork(
  management: RouterManagement,
  signal: AbortSignal,
): Promise<NetworkMap> {
  const own = await askRouter(management, undefined, signal);
  const [self] = await management.query("router", signal);
  const isEdge = attributeText(self ?? {}, "mode") === "edge";
  const uplink = [...own.states.values()].find(({ remoteSite }) => remoteSite !== undefined);
  const through = isEdge && uplink?.remoteSite ? { name: uplink.remoteSite.router } : undefined;
  const nodes = isEdge && through === undefined
    ? []
    : await management.query("node", signal, through);
  const interior = nodes.map((node) => attributeText(node, "id"))
    .filter((name) => name !== "" && name !== own.site.router).slice(0, maxRouters);
  const told = [own, ...await askAll(management, interior.map((name) => ({ name })), signal)];
  const known = new Set(told.map(({ site }) => site.router));
  const edges = [...new Set(told.flatMap(({ edges }) => edges))].filter((name) => !known.has(name));
  const remote = edges.slice(0, maxRouters).map((name) => ({ name, edge: true }));
  told.push(...await askAll(management, remote, signal));
  return mapOf(told);
}

async function askAll(
  management: RouterManagement,
  routers: RemoteRouter[],
  signal: AbortSignal,
): Promise<Told[]> {
  return await Promise.all(routers.map(async (router) => {
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(remoteLimitMs)]);
      return await askRouter(management, router, limited);
    } catch {
      signal.throwIfAborted();
      const { name } = router;
      const site = { router: name, name: siteNameOf(name) };
      const nothing = { states: new Map(), connectors: [], edges: [] };
      return { router, site, namespace: "", ...nothing, answered: false };
    }
  }));
}

async function askRouter(
  management: RouterManagement,
  router: RemoteRouter | undefined,
  signal: AbortSignal,
): Promise<Told> {
  const [[self], [site], connectors, connections] = await Promise.all([
    management.query("router", signal, router),
    management.query("site", signal, router),
    management.query("connector", signal, router),
    management.query("connection", signal, router),
  ]);
  const told = routerSite(self ?? {});
  return {
    router: router ?? { name: told.router },
    site: told,
    namespace: attributeText(site ?? {}, "namespace"),
    states: linkStates(connectors, connections, [], Date.now()),
    connectors,
    edges: connections
      .filter((each) =>
        attributeText(each, "role") === "edge" && attributeText(each, "dir") === "in"
      )
      .map((each) => attributeText(each, "container")).filter((name) => name !== ""),
    answered: true,
  };
}

/** Routers of one site are one site. */
function mapOf(told: readonly Told[]): NetworkMap {
  const keys = new Map(told.map(({ site }) => [site.router, site.id ?? site.router]));
  const sites = new Map<string, NetworkSite>();
  told.forEach(({ site, namespace, answered }, index) => {
    const key = keys.get(site.router)!;
    if (sites.has(key)) return;
    const { id, platform, version } = site;
    sites.set(key, {
      key,
      name: site.name,
      ...(id === undefined ? {} : { id }),
      ...(namespace === "" ? {} : { namespace }),
      ...(platform === undefined ? {} : { platform }),
      ...(version === undefined ? {} : { version }),
      ...(index === 0 ? { here: true as const } : {}),
      ...(answered ? {} : { answered: false as const }),
    });
  });
  const links = told.flatMap(({ site, states, connectors }) =>
    [...states].map(([name, state]) =>
      linkOf(name, state, connectors, keys.get(site.router)!, keys)
    )
  );
  for (const { to } of links) {
    if (to !== undefined && !sites.has(to)) {
      sites.set(to, { key: to, name: siteNameOf(to), answered: false });
    }
  }
  return { sites: [...sites.values()], links };
}

function linkOf(
  name: string,
  { state, cost, message, remoteSite }: LinkState,
  connectors: readonly Entity[],
  from: string,
  keys: ReadonlyMap<string, string>,
): NetworkLink {
  const connector = connectors.find((each) => attributeText(each, "name") === name) ?? {};
  const to = remoteSite && (keys.get(remoteSite.router) ?? remoteSite.router);
  const isUp = state === "operational";
  return {
    name,
    from,
    ...(to === undefined ? {} : { to }),
    state: isUp ? "operational" : "down",
    ...(cost === undefined ? {} : { cost }),
    role: attributeText(connector, "role"),
    address: `${attributeText(connector, "host")}:${attributeText(connector, "port")}`,
    ...(isUp || message === undefined ? {} : { message }),
  };
}
