import { z } from "zod";
import {
  apiVersion,
  lazySchema,
  metadataSchema,
  settingsSchema,
  statusFields,
} from "./resource.ts";

/** AccessGrant, as spec/crds has it. */
export const accessGrantSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("AccessGrant"),
    metadata: metadataSchema(),
    spec: z.looseObject({
      redemptionsAllowed: z.int().optional(),
      expirationWindow: z.string().optional(),
      code: z.string().optional(),
      issuer: z.string().optional(),
      settings: settingsSchema(),
    }).optional(),
    status: z.looseObject({
      ...statusFields(),
      url: z.string().optional(),
      code: z.string().optional(),
      ca: z.string().optional(),
      redemptions: z.int().optional(),
      expirationTime: z.string().optional(),
    }).optional(),
  })
);

export type AccessGrant = z.infer<ReturnType<typeof accessGrantSchema>>;

/** The window of a grant that names none, on every platform. */
export const defaultExpirationWindow = "15m";

/** The status.message that a controller writes which does not serve grants (spec/skupper-kubernetes.md 2.6). */
export const grantsDisabled = "AccessGrants are not enabled";

/** How many redemptions the grant allows; a missing or zero value means one, as upstream. */
export function redemptionsAllowed(grant: AccessGrant): number {
  return grant.spec?.redemptionsAllowed || 1;
}
