import { createAuthority } from "../../src/pki/authority.ts";
import { apiVersion } from "../../src/resources/resource.ts";
import type { UsableToken } from "../../src/token/token_file.ts";

/** A code that a test can look for where it must not be. */
export const testCode = "CanaryCode0123456789abcd";

const authority = await createAuthority("grant service");

/** A token that reads well; `spec` replaces what a test is about. */
export function makeToken(
  spec: Partial<UsableToken["spec"]> = {},
  metadata: Partial<UsableToken["metadata"]> = {},
): UsableToken {
  return {
    apiVersion,
    kind: "AccessToken",
    metadata: { name: "west-6bfn6", ...metadata },
    spec: {
      url: "https://127.0.0.1:9/0f3b4a52-8f0c-4a8e-9d8f-2a1f6a1f0e11",
      ca: authority.certificatePem,
      code: testCode,
      ...spec,
    },
  };
}
