import type { Site } from "../resources/site.ts";
import type { RouterView } from "./router_view.ts";

/** How it stands with the router of a site. */
export interface RouterStanding {
  /** True if a router runs for the site, though it may not be possible to ask it. */
  running: boolean;
  state: RouterView["state"];
  /** Why it could not be asked. */
  why?: string;
  /** The command that starts one. */
  start?: string;
  /** The command that has the one that runs take up what is new. */
  reload?: string;
  /** Its name in the network. */
  name?: string;
}

export interface RouterProbe {
  router(site: Site, signal: AbortSignal): Promise<RouterStanding>;
  /** What the router says, of its links too. */
  view(signal: AbortSignal): Promise<RouterView>;
  /** The command that has a router run for the site as it is now. */
  command(): Promise<string>;
  /** Does something with ticks that come whenever it is time to look at the links again. */
  follow<T>(
    work: (ticks: AsyncIterable<void>) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
}
