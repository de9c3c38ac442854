import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { need, type PlatformWithAbilities } from "../../platform/abilities.ts";
import type { Site } from "../../resources/site.ts";
import { waitFor } from "../../wait/wait_for.ts";
import { currentSite } from "./current_site.ts";

interface Deleted {
  /** Null where there was no site any more. */
  deleted: string | null;
  namespace: string;
}

interface Options {
  all?: true;
  wait: boolean;
}

/** `site delete [name]`. */
export function siteDelete(run: Runner) {
  return leaf("delete", "Delete a site")
    .argument("[name]", "the site; by default the namespace's")
    .option("--all", "delete all Skupper resources of the namespace with it")
    .option("--no-wait", "do not wait for deletion to complete")
    .addOption(timeoutOption("60s"))
    .action(run({ text, data: ({ deleted }) => ({ deleted }) }, remove));
}

function text({ deleted, namespace }: Deleted): string {
  return deleted === null
    ? `There is no site in namespace "${namespace}" any more, and nothing that belonged to it.`
    : `Site "${deleted}" is deleted.`;
}

async function remove(
  context: CommandContext,
  name: string | undefined,
  options: Options,
): Promise<Deleted> {
  const platform = await context.platform();
  const { namespace } = platform;
  const everything = options.all === true;
  // what a delete that was cut short has left, or a redemption beside it, is found without the site
  const isGone = everything && (await platform.list("Site", context.signal)).length === 0;
  if (isGone) {
    await dissolve(platform, undefined, everything, context.signal);
    return { deleted: null, namespace };
  }
  const site = await currentSite(platform, name, "delete the site", context);
  const { name: deleted, uid } = site.metadata;
  await dissolve(platform, site, everything, context.signal);
  await platform.remove("Site", deleted, context.signal, { uid });
  context.done(`Site "${deleted}" is marked for deletion.`);
  if (!options.wait) return { deleted, namespace };
  return await waitFor(platform.watch("Site", context.signal), {
    what: `site "${deleted}" to be deleted`,
    resume: "site status",
    done(sites) {
      if (!sites.some(({ metadata }) => metadata.uid === uid)) return { deleted, namespace };
      context.progress("Waiting for deletion...");
      return undefined;
    },
    describe: () => "it still exists",
  }, context.deadline);
}

/** Removes what the site was founded with, and all that belongs to it where that is wanted. */
async function dissolve(
  platform: PlatformWithAbilities,
  site: Site | undefined,
  everything: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (platform.siteFounder !== undefined) {
    return await platform.siteFounder.dissolve(site, everything, signal);
  }
  if (everything) await need(platform, "dependentRemover", "--all").remove(site, signal);
}
