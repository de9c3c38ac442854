import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import {
  type CreationOptions,
  creationSummary,
  withTokenCreation,
} from "../jfrog/token_creation.ts";

/** `rt access-token-create [username]`, as scripts for older versions of jf have it. */
export function rtAccessTokenCreate(run: Runner) {
  const command = leafWithoutPlatform("access-token-create", creationSummary);
  return withTokenCreation(run, command, "3600", asBefore);
}

/** A life of an hour, and `*` for whatever the user may (docs/spec/jfrog.md 1.8). */
function asBefore({ expiry = "3600", groups, ...options }: CreationOptions): CreationOptions {
  return { ...options, expiry, ...(groups === undefined || groups === "*" ? {} : { groups }) };
}
