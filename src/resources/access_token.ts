import { z } from "zod";
import {
  apiVersion,
  lazySchema,
  metadataSchema,
  settingsSchema,
  statusFields,
} from "./resource.ts";

/** AccessToken, as spec/crds has it. */
export const accessTokenSchema = lazySchema(() =>
  z.looseObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("AccessToken"),
    metadata: metadataSchema(),
    spec: z.looseObject({
      url: z.string(),
      code: z.string(),
      ca: z.string(),
      linkCost: z.int().optional(),
      settings: settingsSchema(),
    }).optional(),
    status: z.looseObject({
      ...statusFields(),
      redeemed: z.boolean().optional(),
    }).optional(),
  })
);

export type AccessToken = z.infer<ReturnType<typeof accessTokenSchema>>;

/** Annotations of a token file that tell a reader what upstream's fields don't; upstream ignores them. */
export const tokenAnnotations = {
  site: "hawser/site",
  expires: "hawser/expires",
  redemptionsAllowed: "hawser/redemptions-allowed",
} as const;

/** Annotation of the Secret and Links that a redemption made: the mark of their token. */
export const redeemedToken = "hawser/token";
