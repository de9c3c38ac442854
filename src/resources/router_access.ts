import { z } from "zod";
import {
  apiVersion,
  endpointSchema,
  lazySchema,
  metadataSchema,
  settingsSchema,
  statusFields,
} from "./resource.ts";

/** RouterAccess, as spec/crds has it. */
export const routerAccessSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("RouterAccess"),
    metadata: metadataSchema(),
    spec: z.looseObject({
      roles: z.array(z.looseObject({ name: z.string(), port: z.int().optional() })),
      tlsCredentials: z.string(),
      generateTlsCredentials: z.boolean().optional(),
      issuer: z.string().optional(),
      accessType: z.string().optional(),
      bindHost: z.string().optional(),
      subjectAlternativeNames: z.array(z.string()).optional(),
      settings: settingsSchema(),
    }).optional(),
    status: z.looseObject({
      ...statusFields(),
      endpoints: z.array(endpointSchema()).optional(),
    }).optional(),
  })
);

export type RouterAccess = z.infer<ReturnType<typeof routerAccessSchema>>;

/** The roles links connect to, with the port a router takes where none is given. */
export const linkRoles = { "inter-router": 55671, edge: 45671 } as const;
