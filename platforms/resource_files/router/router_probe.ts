import type { RouterProbe } from "../../../src/router/router_probe.ts";
import type { LocalRouter } from "./local_router.ts";

/**
 * Sees how it stands with the router of a site, and asks it for its links. What upstream's Site
 * says of it proves nothing: that is written before the router starts
 * (docs/spec/skupper-system-sites.md 2).
 */
export function routerProbe(router: LocalRouter): RouterProbe {
  return {
    async router(_site, signal) {
      const { state, why, seen, site } = await router.view(signal);
      const command = await router.command();
      const running = state === "running" || seen === true;
      return {
        running,
        state,
        ...(why === undefined ? {} : { why }),
        ...(running ? { reload: command } : { start: command }),
        ...(site === undefined ? {} : { name: site.router }),
      };
    },
    view: (signal) => router.view(signal),
    command: () => router.command(),
    follow: (work, signal) => router.follow(work, signal),
  };
}
