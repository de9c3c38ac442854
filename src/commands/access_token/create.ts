import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { creationSummary, withTokenCreation } from "../jfrog/token_creation.ts";

/** `access-token create [username]`: the same beside its siblings. */
export function accessTokenCreateVerb(run: Runner) {
  return withTokenCreation(run, leafWithoutPlatform("create", creationSummary));
}
