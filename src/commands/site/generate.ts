import { leaf } from "../../cli/leaf.ts";
import type { CommandContext } from "../../cli/context.ts";
import type { Runner } from "../../cli/runner.ts";
import { checkSubdomain } from "../../resources/names.ts";
import type { Site } from "../../resources/site.ts";
import { newSite, type SiteSettings } from "./site_spec.ts";
import {
  alternativeNamesOption,
  bindHostOption,
  enableHaOption,
  enableLinkAccessOption,
} from "./switch_options.ts";

/** `site generate <name>`: prints the resource and touches nothing. */
export function siteGenerate(run: Runner) {
  return leaf("generate", "Generate a Site resource", { formats: ["name"] })
    .argument("<name>", "the name of the resource to be generated")
    .addOption(enableLinkAccessOption())
    .option("--link-access-type <type>", "how link access is made external (Kubernetes)")
    .addOption(enableHaOption())
    .option("--service-account <name>", "the service account of the site's pods (Kubernetes)")
    .addOption(bindHostOption())
    .addOption(alternativeNamesOption())
    .action(run({ text }, generate));
}

function generate(_context: CommandContext, name: string, options: SiteSettings): Promise<Site> {
  checkSubdomain(name, "the site name");
  return Promise.resolve(newSite(name, options));
}

async function text(site: Site): Promise<string> {
  const { writeResource } = await import("../../resources/yaml.ts");
  return writeResource(site);
}
