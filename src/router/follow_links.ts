import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { Link } from "../resources/link.ts";
import { linksWithRouter, type LinkWithRouter } from "./linked.ts";

/**
 * Does something with the Links of a namespace as they change, each time all of them: as the router
 * tells them where one can be asked, else as the platform does. The way to the router is closed
 * before the result is given.
 */
export async function followLinks<T>(
  platform: PlatformWithAbilities,
  work: (states: AsyncIterable<LinkWithRouter[]>) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const probe = platform.routerProbe;
  if (probe === undefined) return await work(platform.watch("Link", signal));
  return await probe.follow((ticks) => work(changes(ticks, look)), signal);

  async function look(): Promise<LinkWithRouter[]> {
    const view = await probe!.view(signal);
    const links: Link[] = await platform.list("Link", signal);
    return linksWithRouter(links, view, await probe!.command());
  }
}

/** The links at each tick that finds them different from before. */
async function* changes(
  ticks: AsyncIterable<void>,
  look: () => Promise<LinkWithRouter[]>,
): AsyncGenerator<LinkWithRouter[]> {
  let last: string | undefined;
  for await (const _ of ticks) {
    const links = await look();
    const now = JSON.stringify(links);
    if (now !== last) yield links;
    last = now;
  }
}
