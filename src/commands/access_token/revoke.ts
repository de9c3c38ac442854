import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
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
    leafWithoutPlatform(
      "revoke",
      "Revoke an access token; again, or an unknown one, is no failure",
    ),
  )
    .argument(
      "<id>",
      "its token_id, or the token itself, - for one on stdin; me is the token that is asked with",
    )
    .action(run({ text }, revoke));
}

async function revoke(
  context: CommandContext,
  argument: string,
  options: AccessOptions,
): Promise<Revoked> {
  const given = await givenToken(context, argument, options);
  const tokens = await openTokens(context, await openAccess(context, options));
  return await tokens.revoke(given);
}

function text({ id, revoked }: Revoked): string {
  const token = id === "" ? "The access token" : `Access token "${id}"`;
  return revoked
    ? `${token} is revoked.`
    : `${token} is not there: revoked already, or never kept by the server.`;
}
