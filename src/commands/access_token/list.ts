import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { switchOption } from "../../cli/options.ts";
import { table } from "../../cli/output.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import type { ListedToken } from "../../jfrog/access/tokens.ts";
import {
  type AccessOptions,
  openAccess,
  openTokens,
  withAccessOptions,
} from "../jfrog/access_options.ts";
import { userOf, withTimes } from "./listed_token.ts";

const orders = ["created", "token_id", "owner", "subject", "expiry"] as const;

interface Options extends AccessOptions {
  description?: string;
  username?: string;
  refreshable?: boolean;
  scope?: string;
  orderBy?: (typeof orders)[number];
  descending?: boolean;
}

/** `access-token list`. */
export function accessTokenList(run: Runner) {
  return withAccessOptions(
    leafWithoutPlatform("list", "List access tokens: an administrator's are everybody's", {
      formats: ["name"],
    }),
  )
    .option("--description <text>", "only those so described; a * at the end stands for anything")
    .option("--username <name>", "only those of that user")
    .addOption(
      switchOption("refreshable", "only those that can be refreshed, or with =false can't"),
    )
    .option("--scope <scope>", "only those of that scope")
    .addOption(new Option("--order-by <field>", "sort them").choices(orders))
    .addOption(switchOption("descending", "the last ones first"))
    .action(
      run({
        text,
        data: (tokens) => ({ tokens: tokens.map(withTimes) }),
        names: (tokens) => tokens.map(({ token_id }) => token_id),
      }, list),
    );
}

async function list(context: CommandContext, options: Options): Promise<ListedToken[]> {
  const tokens = await openTokens(context, await openAccess(context, options));
  return await tokens.list({
    description: options.description,
    username: options.username,
    refreshable: options.refreshable,
    scope: options.scope,
    order_by: options.orderBy,
    descending_order: options.descending,
  });
}

function text(tokens: ListedToken[]): string {
  if (tokens.length === 0) return "There are no such access tokens.";
  return table([
    ["ID", "USER", "ISSUED", "EXPIRES", "REFRESHABLE", "SCOPE", "DESCRIPTION"],
    ...tokens.map((token) => {
      const { issued_at_time = "", expires_at = "never" } = withTimes(token);
      const { token_id, refreshable, scope, description } = token;
      const times = [String(issued_at_time), String(expires_at)];
      const rest = [scope, description].map((value) => String(value ?? "")); // a server may send anything
      return [token_id, userOf(token), ...times, refreshable === true ? "yes" : "no", ...rest];
    }),
  ]);
}
