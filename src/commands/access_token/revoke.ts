import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import {
  type AccessOptions,
  openAccess,
  openTokens,
  withAccessOptions,
} from "../jfrog/access_options.ts";

interface Revoked {
  id: string;
  /** False where there was nothing left to revoke. */
  revoked: boolean;
}

/** `access-token revoke <id>`. */
export function accessTokenRevoke(run: Runner) {
  return withAccessOptions(
    leafWithoutPlatform(
      "revoke",
      "Revoke an access token; again, or an unknown one, is no failure",
    ),
  )
    .argument("<id>", "its token_id; me is the token that is asked with")
    .action(run({ text }, revoke));
}

async function revoke(
  context: CommandContext,
  id: string,
  options: AccessOptions,
): Promise<Revoked> {
  const tokens = await openTokens(context, await openAccess(context, options));
  return { id, revoked: await tokens.revoke(id) };
}

function text({ id, revoked }: Revoked): string {
  return revoked
    ? `Access token "${id}" is revoked.`
    : `Access token "${id}" is not there: revoked already, or never kept by the server.`;
}
