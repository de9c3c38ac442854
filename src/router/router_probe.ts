import type { LinkState } from "./link_state.ts";
import type { RemoteSite } from "./remote_sites.ts";
import type { RouterView } from "./router_view.ts";

/** A link of a site as its router tells it, or as a controller keeps it, which knows less. */
export type StandingLink = Omit<LinkState, "remoteSite"> & {
  name: string;
  remoteSite?: { name: string; id?: string; router?: string };
};

/** A site that is linked, as the router tells it, or as a controller keeps it. */
export type StandingSite =
  & Pick<RemoteSite, "name">
  & Partial<Omit<RemoteSite, "name">>;

/** How it stands with the router of a site. */
export interface RouterStanding {
  /** True where a cluster's controller keeps all of this, which may be old; else it was asked. */
  kept?: true;
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
  /** The links that it makes, where it was asked. */
  links?: StandingLink[];
  /** The sites that it is linked with, whichever side makes the link, where it was asked. */
  remoteSites?: StandingSite[];
}

/** What looking again is for: a watch takes its time, and a wait ends as soon as it can. */
export type FollowPurpose = "watch" | "wait";

export interface RouterProbe {
  router(signal: AbortSignal): Promise<RouterStanding>;
  /** What the router says, of its links too. */
  view(signal: AbortSignal): Promise<RouterView>;
  /** The command that has a router run for the site as it is now. */
  command(): Promise<string>;
  /**
   * Does something while the router is asked once at most for its links: all that is read of them
   * meanwhile agrees.
   */
  hold<T>(work: () => Promise<T>): Promise<T>;
  /** Does something with ticks that come whenever it is time to look at the links again. */
  follow<T>(
    work: (ticks: AsyncIterable<void>) => Promise<T>,
    purpose: FollowPurpose,
    signal: AbortSignal,
  ): Promise<T>;
}
