import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { creationSummary, withGuardedCreation } from "../jfrog/token_creation.ts";

/** `access-token create [username]`: the same beside its siblings. */
export function accessTokenCreateVerb(run: Runner) {
  return withGuardedCreation(run, leafWithoutPlatform("create", creationSummary));
}
