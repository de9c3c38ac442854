import { linksOf } from "../token/redeem_by_controller.ts";
import type { ControllerNamespace } from "./home.ts";
import { errorFields, type Report } from "./log.ts";

/**
 * Gives the links that came of a token to the router that runs, where there is one to give them to,
 * and reports what came of it. A router that does not take one is no failure of the redemption: the
 * link is stored, and the next reload takes it up. Rejects only with the signal's reason.
 */
export async function putToUse(
  token: string,
  { platform, liveLinks }: ControllerNamespace,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  if (liveLinks === undefined) return;
  const { namespace } = platform;
  try {
    for (const name of await linksOf(platform, token, signal)) {
      const { done, running, until, why, command } = await liveLinks.apply(name, signal);
      if (done) report("link-used", { namespace, name, ...(until && { until }) });
      else if (running) report("link-not-used", { namespace, name, why, command });
    }
  } catch (error) {
    signal.throwIfAborted();
    report("link-not-used", { namespace, token, ...errorFields(error) });
  }
}
