import type { CommandContext } from "../../cli/context.ts";
import { fields } from "../../cli/output.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import type { ListedToken } from "../../jfrog/access/tokens.ts";
import { idIn } from "../../jfrog/token_value.ts";
import {
  type AccessOptions,
  openAccess,
  openTokens,
  withAccessOptions,
} from "../jfrog/access_options.ts";
import { givenToken } from "./given_token.ts";
import { userOf, withTimes } from "./listed_token.ts";

/** `access-token show <id>`. */
export function accessTokenShow(run: Runner) {
  return withAccessOptions(
    leafWithoutPlatform("show", "Show what the server knows of an access token", {
      formats: ["name"],
    }),
  )
    .argument(
      "<id>",
      "its token_id, or a JSON Web Token, - for one on stdin; me is the token that is asked with",
    )
    .action(run({ text, data: withTimes, names: ({ token_id }) => [token_id] }, show));
}

async function show(context: CommandContext, argument: string, options: AccessOptions) {
  const given = await givenToken(context, argument, options);
  const id = "id" in given ? given.id : idIn(given.value);
  if (id === undefined) {
    const wanted = "a token_id, or me; this is a token itself, of which the server tells nothing";
    throw appError("invalid-value", { name: "the id", value: "…", wanted });
  }
  const tokens = await openTokens(context, await openAccess(context, options));
  return await tokens.show(id);
}

function text(token: ListedToken): string {
  const { issued_at_time, expires_at = "never" } = withTimes(token);
  const pairs: [string, unknown][] = [
    ["ID", token.token_id],
    ["User", userOf(token)],
    ["Subject", token.subject],
    ["Issuer", token.issuer],
    ["Issued", issued_at_time],
    ["Expires", expires_at],
    ["Refreshable", token.refreshable === true ? "yes" : "no"],
    ["Scope", token["scope"]],
    ["Project", token["project"]],
    ["Description", token.description],
  ];
  return fields(pairs.flatMap(([name, value]) => value ? [[name, String(value)]] : []));
}
