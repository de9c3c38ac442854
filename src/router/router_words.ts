import type { RouterStanding } from "./router_probe.ts";

/** How it stands with a router, in words. */
export function routerWords({ running, state, why, start }: RouterStanding): string {
  const remedy = start === undefined ? "" : ` (${start} starts one)`;
  if (state !== "unknown") return running ? "running" : `not running${remedy}`;
  return running ? `running, but it can't be asked: ${why}` : `not known: ${why}`;
}
