import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { need, type PlatformWithAbilities } from "../../platform/abilities.ts";
import type { Site } from "../../resources/site.ts";
import { waitFor } from "../../wait/wait_for.ts";
import { currentSite } from "./current_site.ts";

interface Deleted {
  deleted: string;
}

/** `site delete [name]`. */
export function siteDelete(run: Runner) {
  return leaf("delete", "Delete a site")
    .argument("[name]", "the site; by default the namespace's")
    .option("--all", "delete all Skupper resources of the namespace with it")
    .option("--no-wait", "do not wait for deletion to complete")
    .addOption(timeoutOption("60s"))
    .action(run({ text: ({ deleted }) => `Site "${deleted}" is deleted.` }, remove));
}

async function remove(
  context: CommandContext,
  name: string | undefined,
  options: { all?: true; wait: boolean },
): Promise<Deleted> {
  const platform = await context.platform();
  const site = await currentSite(platform, name, "delete the site", context);
  const deleted = site.metadata.name;
  await dissolve(platform, site, options.all === true, context.signal);
  await platform.remove("Site", deleted, context.signal);
  if (!options.wait) return { deleted };
  return await waitFor(platform.watch("Site", context.signal), {
    what: `site "${deleted}" to be deleted`,
    resume: "site status",
    done(sites) {
      if (!sites.some((site) => site.metadata.name === deleted)) return { deleted };
      context.progress("Waiting for deletion...");
      return undefined;
    },
    describe: () => "it still exists",
  }, context.deadline);
}

/** Removes what the site was founded with, and all that belongs to it where that is wanted. */
async function dissolve(
  platform: PlatformWithAbilities,
  site: Site,
  everything: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (platform.siteFounder !== undefined) {
    return await platform.siteFounder.dissolve(site, everything, signal);
  }
  if (everything) await need(platform, "dependentRemover", "--all").remove(site, signal);
}
