import type { CommandContext } from "../../cli/context.ts";
import { appError } from "../../errors/app_error.ts";
import { bareToken, isTokenValue, type NamedToken, nameToken } from "../../jfrog/token_value.ts";
import type { AccessOptions } from "../jfrog/access_options.ts";
import { givenSecrets } from "../jfrog/given_secret.ts";

/**
 * The token that an argument names, on stdin where it is `-`. Throws what `readGivenToken` and
 * `nameToken` throw.
 */
export async function givenToken(
  context: CommandContext,
  argument: string,
  options: Pick<AccessOptions, "accessTokenStdin" | "passwordStdin">,
): Promise<NamedToken> {
  return nameToken(await readGivenToken(context, argument, options));
}

/**
 * The text of an argument, from stdin where it is `-`. Warns of a token among the arguments. Throws
 * `usage` where stdin is to hold two secrets, or holds none.
 */
export async function readGivenToken(
  context: CommandContext,
  argument: string,
  options: Pick<AccessOptions, "accessTokenStdin" | "passwordStdin">,
): Promise<string> {
  if (argument !== "-") {
    if (isTokenValue(bareToken(argument))) {
      context.warn("Others on this machine can see the token; - in its place reads it from stdin");
    }
    return argument;
  }
  if (options.accessTokenStdin || options.passwordStdin) {
    throw appError("usage", {
      message: "Standard input holds one secret",
      help: "Ask with a configured server's credentials, or with JFROG_CLI_ACCESS_TOKEN.",
    });
  }
  const [token = ""] = await givenSecrets(context, [
    { name: "access-token", value: undefined, onStdin: true },
  ]);
  return token;
}
