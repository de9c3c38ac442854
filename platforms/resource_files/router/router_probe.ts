import { isAppError } from "../../../src/errors/app_error.ts";
import { askRemoteSites, type RemoteSite } from "../../../src/router/remote_sites.ts";
import type { RouterProbe } from "../../../src/router/router_probe.ts";
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
        const { state, why, seen, site, links } = await router.view(signal);
        const command = await router.command();
        const running = state === "running" || seen === true;
        const remoteSites = state === "running" ? await remoteSitesOf(signal) : undefined;
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

  /** Undefined where the router has stopped to answer meanwhile. */
  async function remoteSitesOf(signal: AbortSignal): Promise<RemoteSite[] | undefined> {
    try {
      return await router.ask(
        (management, bounded) => askRemoteSites(management, Date.now(), bounded),
        signal,
      );
    } catch (error) {
      if (signal.aborted || !isAppError(error)) throw error;
      return undefined;
    }
  }
}
