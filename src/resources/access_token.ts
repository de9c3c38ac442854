import type { z } from "zod";
import type { accessTokenSchema } from "./schemas.ts";

/** AccessToken, as docs/spec/resources.md 5 has it. */
export type AccessToken = z.infer<ReturnType<typeof accessTokenSchema>>;

/**
 * Annotations of a token file that tell a reader what upstream's fields don't; upstream ignores
 * them.
 */
export const tokenAnnotations = {
  site: "hawser/site",
  expires: "hawser/expires",
  redemptionsAllowed: "hawser/redemptions-allowed",
} as const;

/** Annotation of the Secret and Links that a redemption made: the mark of their token. */
export const redeemedToken = "hawser/token";
