import { fields, table } from "../../cli/output.ts";
import { linkCost } from "../../resources/link.ts";
import { findCondition, hostAndPort } from "../../resources/resource.ts";
import type { LinkWithRouter } from "../../router/linked.ts";

/** Links as `link status` shows them: one with its details, several as a table. */
export function linkStatusText(found: LinkWithRouter | LinkWithRouter[]): string {
  if (!Array.isArray(found)) return fields(details(found));
  if (found.length === 0) return "There are no link resources in the namespace.";
  // what a controller of a cluster keeps may be old, and a router was asked just now
  const isKept = found.some(({ router }) => router === undefined);
  return table([
    ["NAME", "STATUS", "COST", ...(isKept ? ["SINCE"] : []), "MESSAGE"],
    ...found.map((link) => [
      link.metadata.name,
      statusOf(link),
      costOf(link),
      ...(isKept ? [sinceOf(link) ?? "-"] : []),
      messageOf(link),
    ]),
  ]);
}

/** Links as a table, with where they lead and since when they stand as they do. */
export function wideLinks(links: LinkWithRouter[]): string {
  return table([
    ["NAME", "STATUS", "COST", "ENDPOINTS", "REMOTE SITE", "SINCE", "MESSAGE"],
    ...links.map((link) => [
      link.metadata.name,
      statusOf(link),
      costOf(link),
      (link.spec?.endpoints ?? []).map(({ host = "", port = "" }) => hostAndPort(host, port)).join(
        ",",
      ) ||
      "-",
      remoteSiteOf(link) ?? "-",
      sinceOf(link) ?? "-",
      messageOf(link),
    ]),
  ]);
}

/** A router knows since when a link is up, and not since when one is down. */
function sinceOf(link: LinkWithRouter): string | undefined {
  return link.router === undefined
    ? findCondition(link, "Operational")?.lastTransitionTime
    : link.router.since;
}

function details(link: LinkWithRouter): [string, string][] {
  const { router } = link;
  const rows: [string, string | undefined][] = [
    ["Name", link.metadata.name],
    ["Status", statusOf(link)],
    ["Message", messageOf(link) || "<none>"],
    ["Cost", costOf(link)],
    ["Since", sinceOf(link)],
    ["Remote site", remoteSiteOf(link)],
    ["Connections", router?.connections === undefined ? undefined : String(router.connections)],
    ["Router says", router?.message],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

function remoteSiteOf({ status }: LinkWithRouter): string | undefined {
  const { remoteSiteName: name, remoteSiteId: id } = status ?? {};
  if (!name) return id || undefined;
  return id ? `${name} (${id})` : name;
}

/** The cost in use, and beside it the one that the router does not use yet. */
function costOf(link: LinkWithRouter): string {
  const wanted = linkCost(link);
  const used = link.router?.cost;
  return used === undefined || used === wanted ? String(wanted) : `${used} (not yet ${wanted})`;
}

/** A link in one line, as `link status --watch` tells of a change. */
export function linkLine(link: LinkWithRouter): string {
  const message = messageOf(link);
  const told = message === "" || message === "OK" ? [] : [message];
  return [link.metadata.name, statusOf(link), `cost ${costOf(link)}`, ...told].join("  ");
}

function statusOf(link: LinkWithRouter): string {
  return link.status?.status ?? "Pending";
}

function messageOf(link: LinkWithRouter): string {
  return link.status?.message ?? "";
}
