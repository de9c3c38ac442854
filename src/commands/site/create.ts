import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import { checkSubdomain } from "../../resources/names.ts";
import { linkHostOption } from "./link_host_option.ts";
import {
  alternativeNamesOption,
  bindHostOption,
  enableHaOption,
  enableLinkAccessOption,
} from "./switch_options.ts";
import { storeSite } from "./store_site.ts";
import { checkSiteOptions, newSite, type SiteSettings } from "./site_spec.ts";
import {
  changedData,
  type ChangedSite,
  describeChange,
  waitChoices,
  waitForSite,
  warnUnserved,
} from "./wait_for_site.ts";

interface Options extends SiteSettings {
  linkHost: string[];
  wait?: (typeof waitChoices)[number];
}

/** `site create <name>`. */
export function siteCreate(run: Runner) {
  return leaf("create", "Create a site", { formats: ["name"] })
    .argument("<name>", "a name of your choice for the site")
    .addOption(enableLinkAccessOption())
    .option("--link-access-type <type>", "how link access is made external (Kubernetes)")
    .addOption(linkHostOption("this machine's name and addresses"))
    .addOption(enableHaOption())
    .option("--service-account <name>", "the service account of the site's pods (Kubernetes)")
    .addOption(bindHostOption())
    .addOption(alternativeNamesOption())
    .addOption(new Option("--wait <status>", "wait for the given status").choices(waitChoices))
    .addOption(timeoutOption("3m"))
    .action(run({ text: describeChange, data: changedData }, create));
}

async function create(
  context: CommandContext,
  name: string,
  options: Options,
): Promise<ChangedSite> {
  checkSubdomain(name, "the site name");
  const site = newSite(name, options);
  const platform = await context.platform();
  checkSiteOptions(platform, options);
  const existing = (await platform.list("Site", context.signal))[0];
  if (existing !== undefined) {
    const { namespace } = platform;
    throw appError("site-exists", { site: existing.metadata.name, namespace, wanted: name });
  }
  site.metadata.resourceVersion = "";
  const applied = await storeSite(platform, site, options.linkHost, context.signal);
  context.done(`Site "${name}" is stored.`);
  const changed = await waitForSite(platform, applied, options.wait, context);
  await warnUnserved(changed, context);
  return changed;
}
