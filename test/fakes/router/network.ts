import type { Router } from "./router.ts";

/** The routers that run in this process. */
export const routersByName = new Map<string, Router>();

/** The routers that a router reaches over links that work, with what that costs; itself first. */
export function reachable(from: Router): Map<string, { cost: number; next: string }> {
  const found = new Map([[from.id, { cost: 0, next: "" }]]);
  const open = [from.id];
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    const here = found.get(name)!;
    for (const [neighbour, cost] of neighbours(name)) {
      const before = found.get(neighbour);
      if (before !== undefined && before.cost <= here.cost + cost) continue;
      found.set(neighbour, {
        cost: here.cost + cost,
        next: name === from.id ? "" : here.next || name,
      });
      open.push(neighbour);
    }
  }
  return found;
}

/** Who is linked to a router, whichever side made the link, and what the link costs. */
export function neighbours(name: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const router of routersByName.values()) {
    for (const { peer, cost, role } of router.connectors.working()) {
      if (role !== "inter-router") continue;
      if (router.id === name && routersByName.has(peer)) found.set(peer, cost);
      if (peer === name) found.set(router.id, cost);
    }
  }
  return found;
}

/** The router that an address names, if messages of that one get there. */
export function findRouter(from: Router, address: string): Router | undefined {
  const [, kind, name] = /^amqp:\/(_topo\/0|_edge)\/(.+)\/\$management$/.exec(address) ?? [];
  if (name === undefined) return undefined;
  const routers = from.config.mode === "edge" ? linkedAsEdge(from) : [from];
  const interior = new Set(routers.flatMap((router) => [...reachable(router).keys()]));
  const found = routersByName.get(name);
  if (found === undefined) return undefined;
  const isThere = kind === "_edge"
    ? linkedAsEdge(found).some(({ id }) => interior.has(id))
    : interior.has(name);
  return isThere ? found : undefined;
}

/** The routers that an edge router is linked to. */
function linkedAsEdge({ connectors }: Router): Router[] {
  return connectors.working().filter(({ role }) => role === "edge")
    .map(({ peer }) => routersByName.get(peer)).filter((router) => router !== undefined);
}
