import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import { findUnlessQuiet, quietRemoval } from "../../cli/quiet.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import type { Revoked } from "../../jfrog/access/tokens.ts";
import {
  type AccessOptions,
  openAccess,
  openTokens,
  withAccessOptions,
} from "../jfrog/access_options.ts";
import { givenToken } from "./given_token.ts";

/** `access-token revoke <id>`. */
export function accessTokenRevoke(run: Runner) {
  return withAccessOptions(
    leafWithoutPlatform("revoke", "Revoke an access token", {
      formats: ["name"],
      quiet: quietRemoval,
    }),
  )
    .argument(
      "<id>",
      "its token_id, or the token itself, - for one on stdin; me is the token that is asked with",
    )
    .action(run({ text, names: ({ id, revoked }) => revoked && id !== "" ? [id] : [] }, revoke));
}

async function revoke(
  context: CommandContext,
  argument: string,
  options: AccessOptions,
): Promise<Revoked> {
  const given = await givenToken(context, argument, options);
  const tokens = await openTokens(context, await openAccess(context, options));
  const result = "id" in given
    ? await tokens.revoke(given.id)
    : await tokens.revokeValue(given.value);
  await findUnlessQuiet(context, context.quiet, () => {
    if (!result.revoked) throw appError("access-token-gone", { id: result.id });
  });
  return result;
}

function text({ id, revoked }: Revoked): string {
  if (!revoked) return ""; // the warning says it
  return `${id === "" ? "The access token" : `Access token "${id}"`} is revoked.`;
}
