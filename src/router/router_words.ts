import { describeDown, type LinkState } from "./link_state.ts";
import type { RouterStanding, StandingLink, StandingSite } from "./router_probe.ts";

/** How it stands with a router, in words. */
export function routerWords({ running, state, why, start }: RouterStanding): string {
  const remedy = start === undefined ? "" : ` (${start} starts one)`;
  if (state !== "unknown") return running ? "running" : `not running${remedy}`;
  return running ? `running, but it can't be asked: ${why}` : `not known: ${why}`;
}

/** A link as its router tells it, in words. */
export function linkWords(link: LinkState | StandingLink): string {
  const { state, since, cost, remoteSite, connections } = link;
  const facts = [
    state === "operational" && since !== undefined
      ? `operational since ${since}`
      : stateWords(link),
    cost === undefined ? undefined : `cost ${cost}`,
    remoteSite === undefined ? undefined : `to ${siteWords(remoteSite)}`,
    connections === undefined ? undefined : countWords(connections),
  ];
  return facts.filter((fact) => fact !== undefined).join(", ");
}

/** A site that a router is linked with, in words. */
export function remoteSiteWords(site: StandingSite): string {
  const { connections, since } = site;
  const told = connections === undefined ? "" : `, ${countWords(connections)}`;
  return siteWords(site) + told + (since === undefined ? "" : ` since ${since}`);
}

function stateWords(link: LinkState | StandingLink): string {
  switch (link.state) {
    case "down": {
      const why = describeDown(link);
      return why === undefined ? "not operational" : `not operational: ${why}`;
    }
    case "absent":
      return "not taken up by the router yet";
    case "unknown":
      return `not known: ${link.message}`;
    default:
      return link.state;
  }
}

function siteWords({ name, id }: { name: string; id?: string }): string {
  return id === undefined ? name : `${name} (${id})`;
}

function countWords(connections: number): string {
  return connections === 1 ? "1 connection" : `${connections} connections`;
}
