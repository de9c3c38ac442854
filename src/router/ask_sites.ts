import { abortable } from "../runtime/abortable.ts";
import type { RemoteRouter, RouterManagement } from "./management.ts";
import { type RouterSite, routerSite } from "./router_site.ts";

/** How long remote routers may take to say which sites they are of, in milliseconds. */
const remoteLimitMs = 500;

/** The sites of remote routers; those that do not answer soon are left out. */
export async function askSites(
  management: RouterManagement,
  routers: readonly RemoteRouter[],
  signal: AbortSignal,
): Promise<RouterSite[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(remoteLimitMs)]);
  const sites = await abortable(
    Promise.all(routers.map(async (router) => {
      try {
        const [entity] = await management.query("router", limited, router);
        return entity === undefined ? undefined : routerSite(entity);
      } catch {
        signal.throwIfAborted();
        return undefined; // what it is called is known all the same
      }
    })),
    signal,
  );
  return sites.filter((site) => site !== undefined);
}
