import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { Link } from "../resources/link.ts";
import { linksWithRouter, type LinkWithRouter } from "./linked.ts";
import type { FollowPurpose } from "./router_probe.ts";

/**
 * Does something with the Links of a namespace as they change, each time all of them: as the router
 * tells them where one can be asked, else as the platform does. The way to the router is closed
 * before the result is given.
 */
export async function followLinks<T>(
  platform: PlatformWithAbilities,
  work: (states: AsyncIterable<LinkWithRouter[]>) => Promise<T>,
  purpose: FollowPurpose,
  signal: AbortSignal,
): Promise<T> {
  const probe = platform.routerProbe;
  if (probe === undefined) return await work(platform.watch("Link", signal));
  return await probe.follow(
    (ticks) => work(changes(ticks, () => listWithRouter(platform, signal))),
    purpose,
    signal,
  );
}

/**
 * Does something while the router, where one can be asked, is asked once at most for its links: all
 * that is read of them meanwhile agrees.
 */
export function holdRouter<T>(
  { routerProbe }: PlatformWithAbilities,
  work: () => Promise<T>,
): Promise<T> {
  return routerProbe === undefined ? work() : routerProbe.hold(work);
}

/** The Links of a namespace now, with what the router says of them where one can be asked. */
export async function listWithRouter(
  platform: PlatformWithAbilities,
  signal: AbortSignal,
): Promise<LinkWithRouter[]> {
  const { routerProbe } = platform;
  const [links, view, command] = await Promise.all([
    platform.list("Link", signal) as Promise<Link[]>,
    routerProbe?.view(signal),
    routerProbe?.command(),
  ]);
  return linksWithRouter(links, view, command);
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
