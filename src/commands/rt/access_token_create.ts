import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { creationSummary, withTokenCreation } from "../jfrog/token_creation.ts";

/** `rt access-token-create [username]`, as scripts for older versions of jf have it. */
export function rtAccessTokenCreate(run: Runner) {
  return withTokenCreation(run, leafWithoutPlatform("access-token-create", creationSummary));
}
