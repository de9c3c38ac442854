import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { fields } from "../../cli/output.ts";
import { nameOfKind } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import type { PlatformWithAbilities, Signing } from "../../platform/abilities.ts";
import { holdRouter } from "../../router/follow_links.ts";
import { keptStanding } from "../../router/kept_standing.ts";
import type { RouterStanding } from "../../router/router_probe.ts";
import { linkWords, remoteSiteWords, routerWords } from "../../router/router_words.ts";
import { unservedSite } from "../../token/unserved_site.ts";
import { lackingAddress } from "../../token/lacking_address.ts";
import { hostAndPort, isReady } from "../../resources/resource.ts";
import { type Site, wantsLinkAccess } from "../../resources/site.ts";
import { currentSite } from "./current_site.ts";
import { type SiteWithRouter, watchSite } from "./watch_site.ts";

type SiteStatus = SiteWithRouter & { signing?: Signing };

/** `site status [name]`. */
export function siteStatus(run: Runner) {
  return leaf("status", "Display the status of a site", { formats: ["name"] })
    .argument("[name]", "the site; by default the namespace's", nameOfKind("Site"))
    .option("--watch", "go on, and tell each change in a line, or with -o json as an object a line")
    .addOption(timeoutOption("60s"))
    .action(run({
      text: (site) => site === undefined ? "" : text(site),
      follows: ({ watch }) => watch === true,
    }, status));
}

async function status(
  context: CommandContext,
  name: string | undefined,
  { watch }: { watch?: boolean | undefined },
): Promise<SiteStatus | undefined> {
  const platform = await context.platform();
  if (watch) return await watchSite(platform, name, context);
  const [site, router] = await holdRouter(platform, async () => {
    // the router is asked while the site is read
    platform.routerProbe?.view(context.signal).catch(() => {});
    const site = await currentSite(platform, name, "show the status of the site", context);
    const router = platform.routerProbe === undefined
      ? keptStanding(site)
      : await platform.routerProbe.router(context.signal);
    return [site, router] as const;
  });
  if (platform.controllerHost !== undefined) await tellRefusedTokens(platform, context);
  const signing = takesLinks(site)
    ? await platform.signingProbe?.signing(context.signal)
    : undefined;
  const lacking = isReady(site) ? undefined : await lackingAddress(platform, site, context.signal);
  if (lacking !== undefined) context.note(lacking);
  const unserved = unservedSite(platform, [site], "it");
  if (unserved !== undefined) context.note(unserved);
  return {
    ...site,
    ...(router === undefined ? {} : { router }),
    ...(signing === undefined ? {} : { signing }),
  };
}

/** Where no kubectl shows them: a token that was dropped in and refused, or that is none. */
async function tellRefusedTokens(platform: PlatformWithAbilities, context: CommandContext) {
  const tokens = await platform.list("AccessToken", context.signal);
  for (const { metadata: { name }, status } of tokens) {
    if (status?.status !== "Error") continue;
    context.warn(`Access token "${name}" is not redeemed: ${status.message ?? ""}`);
  }
}

function text(site: SiteStatus): string {
  const endpoints = site.status?.endpoints ?? [];
  const message = site.status?.message;
  const rows: [string, string][] = [
    ["Name", site.metadata.name],
    ["Status", site.status?.status ?? "Pending"],
    ["Message", message === undefined || message === "" || message === "OK" ? "-" : message],
    ...sinceRow(site),
    ["Link access", takesLinks(site) ? "enabled" : "not enabled"],
  ];
  for (const { name = "", host = "", port = "" } of endpoints) {
    rows.push(["Endpoint", `${name} ${hostAndPort(host, port)}`]);
  }
  if (site.router !== undefined) rows.push(...routerRows(site.router));
  if (site.signing !== undefined) rows.push(["Signed by", describeSigner(site.signing)]);
  return fields(rows);
}

/** How old the status is that a cluster's controller keeps; a router is asked anew. */
function sinceRow({ router, status }: SiteStatus): [string, string][] {
  const since = status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime;
  const wasAsked = router !== undefined && router.kept === undefined;
  return wasAsked || since === undefined ? [] : [["Since", since]];
}

function routerRows(router: RouterStanding): [string, string][] {
  const { links = [], remoteSites = [] } = router;
  return [
    ["Router", routerWords(router)],
    ...links.map((link): [string, string] => ["Link", `${link.name}: ${linkWords(link)}`]),
    ...remoteSites.map((remote): [string, string] => ["Remote site", remoteSiteWords(remote)]),
  ];
}

function takesLinks(site: Site): boolean {
  return wantsLinkAccess(site) || (site.status?.endpoints ?? []).length > 0;
}

function describeSigner({ by, why }: Signing): string {
  if (by === "issuing-authority") return "an issuing authority, its key new every 30 days";
  return `the site's authority${why === undefined ? "" : ` (${why})`}`;
}
