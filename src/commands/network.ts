import type { CommandContext } from "../cli/context.ts";
import { leaf } from "../cli/leaf.ts";
import { drawings, timeoutOption } from "../cli/options.ts";
import { escapeControls } from "../cli/printable.ts";
import type { Runner } from "../cli/runner.ts";
import { need } from "../platform/abilities.ts";
import { drawMermaid } from "../router/drawing/mermaid.ts";
import { drawSvg } from "../router/drawing/svg.ts";
import { drawTree } from "../router/drawing/tree.ts";
import { unservedSite } from "../token/unserved_site.ts";
import type { NetworkMap } from "../router/network_map.ts";

/** `network`: what the routers know of the whole network, as a tree, data or a picture. */
export function networkCommand(run: Runner) {
  return leaf("network", "Show the sites and links of the whole network", { formats: drawings })
    .addOption(timeoutOption("60s"))
    .action(run({
      text: (map) => drawTree(inOneLineEach(map)),
      drawings: { mermaid: drawMermaid, svg: drawSvg },
    }, network));
}

/** What sites say of themselves, in which nothing begins a line of its own. */
function inOneLineEach(map: NetworkMap): NetworkMap {
  const text = JSON.stringify(map);
  return JSON.parse(text, (_, value) => typeof value === "string" ? escapeControls(value) : value);
}

async function network(context: CommandContext): Promise<NetworkMap> {
  const platform = await context.platform();
  const view = need(platform, "networkView", "showing the network");
  const map = await view.network(context.signal);
  if (platform.routerProbe === undefined) {
    const unserved = unservedSite(
      platform,
      await platform.list("Site", context.signal),
      "the network",
    );
    if (unserved !== undefined) context.note(unserved);
  }
  return map;
}
