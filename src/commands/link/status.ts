import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { fields, table } from "../../cli/output.ts";
import type { Runner } from "../../cli/runner.ts";
import { linkCost } from "../../resources/link.ts";
import { findCondition } from "../../resources/resource.ts";
import { linksWithRouter, type LinkWithRouter, withRouter } from "../../router/linked.ts";
import { namedLink } from "./named_link.ts";

/** `link status [name]`. */
export function linkStatus(run: Runner) {
  return leaf("status", "Display the status of links in the current site")
    .argument("[name]", "show the status of this link only")
    .addOption(timeoutOption("60s"))
    .action(run({ text }, status));
}

async function status(
  context: CommandContext,
  name: string | undefined,
): Promise<LinkWithRouter | LinkWithRouter[]> {
  const { signal } = context;
  const platform = await context.platform();
  if (name !== undefined) {
    const link = await namedLink(platform, name, context);
    return withRouter(link, await platform.routerProbe?.view(signal));
  }
  const links = await platform.list("Link", signal);
  const view = await platform.routerProbe?.view(signal);
  return linksWithRouter(links, view, await platform.routerProbe?.command());
}

function text(found: LinkWithRouter | LinkWithRouter[]): string {
  if (!Array.isArray(found)) return fields(details(found));
  if (found.length === 0) return "There are no link resources in the namespace.";
  return table([
    ["NAME", "STATUS", "COST", "MESSAGE"],
    ...found.map((link) => [
      link.metadata.name,
      statusOf(link),
      costOf(link),
      messageOf(link),
    ]),
  ]);
}

function details(link: LinkWithRouter): [string, string][] {
  const { router } = link;
  const rows: [string, string | undefined][] = [
    ["Name", link.metadata.name],
    ["Status", statusOf(link)],
    ["Message", messageOf(link) || "<none>"],
    ["Cost", costOf(link)],
    ["Since", findCondition(link, "Operational")?.lastTransitionTime],
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

function statusOf(link: LinkWithRouter): string {
  return link.status?.status ?? "Pending";
}

function messageOf(link: LinkWithRouter): string {
  return link.status?.message ?? "";
}
