import { leafWithoutPlatform } from "../cli/leaf.ts";
import type { Runner } from "../cli/runner.ts";
import { creationSummary, withTokenCreation } from "./jfrog/token_creation.ts";

/** `access-token-create [username]`. */
export function accessTokenCreate(run: Runner) {
  return withTokenCreation(run, leafWithoutPlatform("access-token-create", creationSummary));
}
