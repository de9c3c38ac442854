import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { nameOfKind } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError, isAppError } from "../../errors/app_error.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";
import type { Site } from "../../resources/site.ts";
import { currentSite } from "./current_site.ts";
import { linkHostOption } from "./link_host_option.ts";
import {
  alternativeNamesOption,
  bindHostOption,
  enableHaOption,
  enableLinkAccessOption,
} from "./switch_options.ts";
import { storeSite } from "./store_site.ts";
import { checkSiteOptions, linkAccessOf, type SiteSettings } from "./site_spec.ts";
import {
  changedData,
  type ChangedSite,
  describeChange,
  waitChoices,
  waitForSite,
  warnUnserved,
} from "./wait_for_site.ts";

interface Options extends SiteSettings {
  disableLinkAccess?: true;
  linkHost: string[];
  wait?: (typeof waitChoices)[number];
}

/** `site update [name]`: changes what is named and keeps everything else. */
export function siteUpdate(run: Runner) {
  return leaf("update", "Change site settings", { formats: ["name"] })
    .argument("[name]", "the site; by default the namespace's", nameOfKind("Site"))
    .addOption(enableLinkAccessOption())
    .addOption(
      new Option("--disable-link-access", "allow no more links from remote sites").conflicts(
        "enableLinkAccess",
      ),
    )
    .option("--link-access-type <type>", "how link access is made external (Kubernetes)")
    .addOption(linkHostOption("those it has"))
    .addOption(enableHaOption())
    .option("--service-account <name>", "the service account of the site's pods (Kubernetes)")
    .addOption(bindHostOption())
    .addOption(alternativeNamesOption())
    .addOption(new Option("--wait <status>", "wait for the given status").choices(waitChoices))
    .addOption(timeoutOption("60s"))
    .action(run({ text: describeChange, data: changedData }, update));
}

async function update(
  context: CommandContext,
  name: string | undefined,
  options: Options,
): Promise<ChangedSite> {
  const linkAccess = options.disableLinkAccess ? "none" : linkAccessOf(options);
  const { enableHa, serviceAccount, linkHost } = options;
  if ([linkAccess, enableHa, serviceAccount, linkHost[0]].every((one) => one === undefined)) {
    throw appError("usage", {
      message: "There is nothing to change",
      help: "Add --enable-link-access, --disable-link-access, --link-host or --enable-ha.",
    });
  }
  const platform = await context.platform();
  checkSiteOptions(platform, options);
  const applied = await changeSite(platform, name, { ...options, linkAccess }, context);
  context.done(`Site "${applied.metadata.name}" is stored as changed.`);
  const changed = await waitForSite(platform, applied, options.wait, context);
  await warnUnserved(changed, context);
  if (linkAccess === "none") warnStillOpen(platform, changed, context);
  return changed;
}

/** Changes the site as it is then: others may have changed it, or its status, since it was read. */
async function changeSite(
  platform: PlatformWithAbilities,
  name: string | undefined,
  options: Options & { linkAccess: string | undefined },
  context: CommandContext,
): Promise<Site> {
  const { linkAccess } = options;
  for (;;) {
    const site = await currentSite(platform, name, "update the site", context);
    if (options.enableLinkAccess && site.spec?.edge) {
      throw appError("site-edge", { site: site.metadata.name });
    }
    site.spec = {
      ...site.spec,
      ...(linkAccess === undefined ? {} : { linkAccess }),
      ...(options.enableHa === undefined ? {} : { ha: options.enableHa }),
      ...(options.serviceAccount === undefined ? {} : { serviceAccount: options.serviceAccount }),
    };
    try {
      return await storeSite(platform, site, options.linkHost, context.signal);
    } catch (error) {
      if (!isAppError(error, "conflict")) throw error;
    }
  }
}

/**
 * Skupper's controller on Kubernetes leaves what it made for links (defect 23 of
 * docs/spec/skupper-kubernetes.md 7).
 */
function warnStillOpen(
  { namespace, siteFounder }: PlatformWithAbilities,
  { site, waitedFor }: ChangedSite,
  context: CommandContext,
): void {
  const isOpen = (site.status?.endpoints ?? []).length > 0;
  if (siteFounder !== undefined || waitedFor === "none" || !isOpen) return;
  context.note(
    "Links are accepted until the site's RouterAccess is deleted too: " +
      `kubectl delete routeraccess skupper-router -n ${namespace}`,
  );
}
