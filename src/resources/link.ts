import { z } from "zod";
import {
  apiVersion,
  endpointSchema,
  lazySchema,
  metadataSchema,
  settingsSchema,
  statusFields,
} from "./resource.ts";

/** Link, as spec/crds has it. */
export const linkSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("Link"),
    metadata: metadataSchema(),
    spec: z.looseObject({
      endpoints: z.array(endpointSchema()),
      tlsCredentials: z.string().optional(),
      cost: z.int().optional(),
      settings: settingsSchema(),
    }).optional(),
    status: z.looseObject({
      ...statusFields(),
      remoteSiteId: z.string().optional(),
      remoteSiteName: z.string().optional(),
    }).optional(),
  })
);

export type Link = z.infer<ReturnType<typeof linkSchema>>;

/** The routing cost: the spec's, and 1 where it names none (as the router takes it). */
export function linkCost(link: Link): number {
  return Math.max(1, link.spec?.cost ?? 1);
}

/** The costs a router takes for a link. */
export const linkCosts = { min: 1, max: 65535 } as const;
