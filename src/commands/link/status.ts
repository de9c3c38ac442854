import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { fields, table } from "../../cli/output.ts";
import type { Runner } from "../../cli/runner.ts";
import { type Link, linkCost } from "../../resources/link.ts";
import { namedLink } from "./named_link.ts";

/** `link status [name]`. */
export function linkStatus(run: Runner) {
  return leaf("status", "Display the status of links in the current site")
    .argument("[name]", "show the status of this link only")
    .addOption(timeoutOption("60s"))
    .action(run({ text }, status));
}

async function status(context: CommandContext, name: string | undefined): Promise<Link | Link[]> {
  const platform = await context.platform();
  if (name === undefined) return await platform.list("Link", context.signal);
  return await namedLink(platform, name, context);
}

function text(found: Link | Link[]): string {
  if (!Array.isArray(found)) {
    return fields([
      ["Name", found.metadata.name],
      ["Status", statusOf(found)],
      ["Message", messageOf(found) || "<none>"],
      ["Cost", String(linkCost(found))],
    ]);
  }
  if (found.length === 0) return "There are no link resources in the namespace.";
  return table([
    ["NAME", "STATUS", "COST", "MESSAGE"],
    ...found.map((link) => [
      link.metadata.name,
      statusOf(link),
      String(linkCost(link)),
      messageOf(link),
    ]),
  ]);
}

function statusOf(link: Link): string {
  return link.status?.status ?? "Pending";
}

function messageOf(link: Link): string {
  return link.status?.message ?? "";
}
