import type * as z from "zod/mini";
import { findCondition } from "./resource.ts";
import type { accessTokenSchema } from "./schemas.ts";

/** True if the spec as it is now was redeemed, or refused for good. */
export function isFinished(token: AccessToken): boolean {
  const redeemed = findCondition(token, "Redeemed");
  return redeemed !== undefined && redeemed.reason !== "Pending" &&
    redeemed.observedGeneration === (token.metadata.generation ?? 1);
}

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
