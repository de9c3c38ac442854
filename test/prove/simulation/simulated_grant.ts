import { apiVersion } from "../../../src/resources/resource.ts";
import type { GrantFacts } from "./issuer.ts";

export const simulatedUid = "0f3b4a52-8f0c-4a8e-9d8f-2a1f6a1f0e11";
export const simulatedCode = "CodeOfTheGrant0123456789";

/** The grant of a history, as it is issued; `expiresAtMs` is in milliseconds since 1970. */
export function issueSimulated(uses: number, expiresAtMs: number): GrantFacts {
  return {
    isRevoked: false,
    grant: {
      apiVersion,
      kind: "AccessGrant",
      metadata: { name: "west", namespace: "west", uid: simulatedUid },
      spec: { redemptionsAllowed: uses },
      status: {
        code: simulatedCode,
        expirationTime: new Date(expiresAtMs).toISOString(),
        redemptions: 0,
      },
    },
  };
}
