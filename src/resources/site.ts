import { z } from "zod";
import {
  apiVersion,
  endpointSchema,
  lazySchema,
  metadataSchema,
  settingsSchema,
  statusFields,
} from "./resource.ts";

/** Site, as spec/crds has it. */
export const siteSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("Site"),
    metadata: metadataSchema(),
    spec: z.looseObject({
      serviceAccount: z.string().optional(),
      linkAccess: z.string().optional(),
      defaultIssuer: z.string().optional(),
      ha: z.boolean().optional(),
      edge: z.boolean().optional(),
      settings: settingsSchema(),
    }).optional(),
    status: z.looseObject({
      ...statusFields(),
      defaultIssuer: z.string().optional(),
      controller: z.looseObject({
        name: z.string().optional(),
        namespace: z.string().optional(),
        version: z.string().optional(),
      }).optional(),
      endpoints: z.array(endpointSchema()).optional(),
      sitesInNetwork: z.int().optional(),
      network: z.array(z.looseObject({
        id: z.string().optional(),
        name: z.string().optional(),
        namespace: z.string().optional(),
        platform: z.string().optional(),
        version: z.string().optional(),
        links: z.array(z.looseObject({
          name: z.string().optional(),
          remoteSiteId: z.string().optional(),
          remoteSiteName: z.string().optional(),
          operational: z.boolean().optional(),
        })).optional(),
        services: z.array(z.looseObject({
          routingKey: z.string().optional(),
          connectors: z.array(z.string()).optional(),
          listeners: z.array(z.string()).optional(),
        })).optional(),
      })).optional(),
    }).optional(),
  })
);

export type Site = z.infer<ReturnType<typeof siteSchema>>;

/** The CA of a site's links where neither spec nor status names another one. */
export const siteIssuer = "skupper-site-ca";

/** True if the spec asks for link access of any type. */
export function wantsLinkAccess(site: Site): boolean {
  const access = site.spec?.linkAccess;
  return access !== undefined && access !== "" && access !== "none";
}

/** The CA that signs for the site: its spec's, else its status', else the platform's usual one. */
export function defaultIssuer(site: Site): string {
  return site.spec?.defaultIssuer || site.status?.defaultIssuer || siteIssuer;
}
