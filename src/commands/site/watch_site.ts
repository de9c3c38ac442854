import type { CommandContext } from "../../cli/context.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";
import { describeState } from "../../resources/resource.ts";
import type { Site } from "../../resources/site.ts";
import { keptStanding } from "../../router/kept_standing.ts";
import type { RouterStanding } from "../../router/router_probe.ts";
import { routerWords } from "../../router/router_words.ts";
import { watchUntil } from "../../wait/watch_until.ts";
import { currentSite } from "./current_site.ts";

/** A Site, and how it stands with its router. */
export type SiteWithRouter = Site & { router?: RouterStanding };

/** Tells the site, and each change of it, until the deadline ends, which is no error here. */
export async function watchSite(
  platform: PlatformWithAbilities,
  name: string | undefined,
  context: CommandContext,
): Promise<undefined> {
  await currentSite(platform, name, "show the status of the site", context);
  let before: string | undefined;
  await watchUntil(context.signal, () =>
    followSite(platform, async (states) => {
      for await (const site of states) {
        const now = site === undefined ? "gone" : lineOf(site);
        if (now === before) continue;
        const change = before === undefined ? "found" : site === undefined ? "removed" : "changed";
        const at = new Date().toISOString();
        await context.tell(`${at}  ${now}`, {
          at,
          change,
          ...(site === undefined ? {} : { site }),
        });
        before = now;
        if (context.deadline.timeoutMs === 0) return; // one look
      }
    }, context.signal));
  return undefined;
}

async function followSite(
  platform: PlatformWithAbilities,
  work: (states: AsyncIterable<SiteWithRouter | undefined>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const probe = platform.routerProbe;
  if (probe === undefined) return await work(first(platform.watch("Site", signal)));
  await probe.follow((ticks) => work(at(ticks)), "watch", signal);

  async function* at(ticks: AsyncIterable<void>) {
    for await (const _ of ticks) {
      const [site] = await platform.list("Site", signal);
      yield site && { ...site, router: await probe!.router(signal) };
    }
  }
}

async function* first(
  lists: AsyncIterable<Site[]>,
): AsyncGenerator<SiteWithRouter | undefined> {
  for await (const [site] of lists) {
    const router = site && keptStanding(site);
    yield site && (router === undefined ? site : { ...site, router });
  }
}

/** A site in one line: its state, its router's, and who is linked with it. */
function lineOf(site: SiteWithRouter): string {
  const { router } = site;
  const told = router === undefined ? [] : [`router ${routerWords(router)}`, ...links(router)];
  return [site.metadata.name, describeState(site), ...told].join("  ");
}

function links({ links = [], remoteSites = [] }: RouterStanding): string[] {
  const up = links.filter(({ state }) => state === "operational").length;
  const names = [...new Set(remoteSites.map(({ name }) => name))].toSorted();
  return [
    ...(links.length === 0 ? [] : [`${up} of ${links.length} links operational`]),
    ...(names.length === 0 ? [] : [`linked with ${names.join(", ")}`]),
  ];
}
