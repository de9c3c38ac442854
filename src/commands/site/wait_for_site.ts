import type { CommandContext } from "../../cli/context.ts";
import { appError } from "../../errors/app_error.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";
import { describeState, hasCondition, isObserved, isReady } from "../../resources/resource.ts";
import { hasFailed, type Site } from "../../resources/site.ts";
import { lookForAddress } from "../../token/lacking_address.ts";
import { waitFor } from "../../wait/wait_for.ts";

/** What `--wait` takes. */
export const waitChoices = ["none", "configured", "ready"] as const;
export type WaitChoice = (typeof waitChoices)[number];

/** A site after a command, with how far it was waited for. */
export interface ChangedSite {
  site: Site;
  waitedFor: WaitChoice;
}

/**
 * Waits until the applied site has come as far as wanted. Where nothing is chosen: ready on a
 * platform whose controller is elsewhere; configured where starting one is the user's next step.
 */
export async function waitForSite(
  platform: PlatformWithAbilities,
  applied: Site,
  choice: WaitChoice | undefined,
  context: CommandContext,
): Promise<ChangedSite> {
  const waitedFor = choice ?? (platform.siteFounder === undefined ? "ready" : "configured");
  const { name, generation } = applied.metadata;
  if (waitedFor === "none") return { site: applied, waitedFor };
  const reached = (site: Site) =>
    waitedFor === "ready" ? isReady(site) : hasCondition(site, "Configured");
  const look = lookForAddress(platform, context.progress);
  const site = await waitFor(platform.watch("Site", context.signal), {
    what: `site "${name}" to be ${waitedFor}`,
    resume: "site status",
    done(sites) {
      const site = sites.find((site) => site.metadata.name === name);
      if (site === undefined || !isObserved(site, generation)) {
        context.progress("Waiting for status...");
        return undefined;
      }
      if (reached(site)) return site;
      if (hasFailed(site)) {
        throw appError("site-failed", { site: name, message: site.status?.message ?? "" });
      }
      context.progress("Waiting for status...");
      return undefined;
    },
    describe: (sites) => {
      const site = sites.find((site) => site.metadata.name === name);
      return site === undefined ? "it is gone" : describeState(site) + look.words();
    },
  }, context.deadline).finally(look.end);
  return { site, waitedFor };
}

/** The site as `site status` prints it, and how far it was waited for. */
export function changedData({ site, waitedFor }: ChangedSite) {
  return { ...site, waitedFor };
}

/** The command's result in words. */
export function describeChange({ site, waitedFor }: ChangedSite): string {
  const name = site.metadata.name;
  if (isReady(site)) return `Site "${name}" is ready.`;
  return waitedFor === "none" ? `Site "${name}" is applied.` : `Site "${name}" is configured.`;
}

/** Tells how a local site with link access comes to accept links, while nothing serves it yet. */
export async function warnUnserved({ site }: ChangedSite, context: CommandContext): Promise<void> {
  const platform = await context.platform();
  if (!isReady(site) && platform.controllerLock?.isHeld() === false) {
    context.note(
      `Tokens can be issued once a controller runs: ${
        context.say.commandForAll("controller start")
      }`,
    );
  }
}
