import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { deletionWaitOption, timeoutOption } from "../../cli/options.ts";
import { findUnlessQuiet, quietRemoval } from "../../cli/quiet.ts";
import { nameOfKind, qualifiedName } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import { need, type PlatformWithAbilities } from "../../platform/abilities.ts";
import type { Site } from "../../resources/site.ts";
import { waitFor } from "../../wait/wait_for.ts";
import { currentSite } from "./current_site.ts";
import { mayEndGrants } from "./ending_grants.ts";

interface Deleted {
  /** Null where there was no site any more. */
  deleted: string | null;
  namespace: string;
  all: boolean;
}

interface Options {
  all?: true;
  yes?: true;
  wait?: boolean;
}

/** `site delete [name]`. */
export function siteDelete(run: Runner) {
  return leaf("delete", "Delete a site", { formats: ["name"], quiet: quietRemoval })
    .argument("[name]", "the site; by default the namespace's", nameOfKind("Site"))
    .option("--all", "delete all Skupper resources of the namespace with it")
    .option("--yes", "do not ask whether grants that can still be redeemed may end")
    .addOption(deletionWaitOption())
    .option("--no-wait", "do not wait for deletion to complete")
    .addOption(timeoutOption("60s"))
    .action(run({ text, names, data: ({ deleted }) => ({ deleted }) }, remove));
}

function names({ deleted }: Deleted): string[] {
  return deleted === null ? [] : [qualifiedName("Site", deleted)];
}

function text({ deleted, namespace, all }: Deleted): string {
  if (deleted === null && !all) return ""; // the warning says it
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
  const all = options.all === true;
  const isGone = (await platform.list("Site", context.signal)).length === 0;
  // what a delete that was cut short has left, or a redemption beside it, is found without the site
  if (isGone && all) {
    await dissolve(platform, undefined, all, context.signal);
    return { deleted: null, namespace, all };
  }
  if (isGone && context.quiet && name === undefined) {
    context.warn(`There is no site in namespace "${namespace}": nothing is left to do`);
    return { deleted: null, namespace, all };
  }
  const site = await findUnlessQuiet(
    context,
    context.quiet,
    () => currentSite(platform, name, "delete the site", context),
  );
  if (site === undefined) return { deleted: null, namespace, all };
  const { name: deleted, uid } = site.metadata;
  if (!await mayEndGrants(context, platform, options.yes === true)) {
    context.warn("Nothing is deleted: it was not confirmed");
    return { deleted: null, namespace, all: false };
  }
  await dissolve(platform, site, all, context.signal);
  await platform.remove("Site", deleted, context.signal, { uid });
  context.done(`Site "${deleted}" is marked for deletion.`);
  if (options.wait === false) return { deleted, namespace, all };
  return await waitFor(platform.watch("Site", context.signal), {
    what: `site "${deleted}" to be deleted`,
    resume: "site status",
    done(sites) {
      if (!sites.some(({ metadata }) => metadata.uid === uid)) return { deleted, namespace, all };
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
