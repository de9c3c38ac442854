import { isAppError } from "../../../src/errors/app_error.ts";
import { askSites } from "../../../src/router/ask_sites.ts";
import {
  type RemoteSite,
  remoteSitesOf,
  routersUnheard,
} from "../../../src/router/remote_sites.ts";
import type { RouterProbe } from "../../../src/router/router_probe.ts";
import type { Heard } from "../../../src/router/router_view.ts";
import type { LocalRouter } from "./local_router.ts";

/**
 * Sees how it stands with the router of a site, and asks it for its links. What upstream's Site
 * says of it proves nothing: that is written before the router starts
 * (docs/spec/skupper-system-sites.md 2).
 */
export function routerProbe(router: LocalRouter): RouterProbe {
  return {
    router: (signal) =>
      router.hold(async () => {
        const { state, why, seen, site, links, heard } = await router.view(signal);
        const command = await router.command();
        const running = state === "running" || seen === true;
        const remoteSites = heard && await completeSites(heard, signal);
        return {
          running,
          state,
          ...(why === undefined ? {} : { why }),
          ...(running ? { reload: command } : { start: command }),
          ...(site === undefined ? {} : { name: site.router }),
          ...(state === "running"
            ? { links: [...links].map(([name, link]) => ({ name, ...link })) }
            : {}),
          ...(remoteSites === undefined ? {} : { remoteSites }),
        };
      }),
    view: (signal) => router.view(signal),
    command: () => router.command(),
    hold: (work) => router.hold(work),
    follow: (work, purpose, signal) => router.follow(work, purpose, signal),
  };

  /** Those that this site's links lead to were asked before. */
  async function completeSites(heard: Heard, signal: AbortSignal): Promise<RemoteSite[]> {
    const unheard = routersUnheard(heard);
    const more = unheard.length === 0 ? [] : await router.ask(
      (management, bounded) => askSites(management, unheard, bounded),
      signal,
    ).catch((error) => {
      if (signal.aborted || !isAppError(error)) throw error;
      return []; // it has stopped to answer meanwhile
    });
    return remoteSitesOf({ ...heard, sites: [...heard.sites, ...more] }, Date.now());
  }
}
