import type * as z from "zod/mini";
import type { linkSchema } from "./schemas.ts";

/** Link, as docs/spec/resources.md 3 has it. */
export type Link = z.infer<ReturnType<typeof linkSchema>>;

/** The routing cost: the spec's, and 1 where it names none (as the router takes it). */
export function linkCost(link: Link): number {
  return Math.max(1, link.spec?.cost ?? 1);
}

/** The costs a router takes for a link. */
export const linkCosts = { min: 1, max: 65535 } as const;
