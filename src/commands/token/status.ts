import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { conditionRows, fields, table } from "../../cli/output.ts";
import { nameOfKind } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import type { AccessToken } from "../../resources/access_token.ts";
import { tokenWithoutCode } from "../../resources/without_code.ts";

/** `token status [name]`: the AccessTokens that a controller redeems, or has refused. */
export function tokenStatus(run: Runner) {
  return leaf("status", "Display the status of the access tokens that the controller redeems", {
    formats: ["wide", "name"],
  })
    .argument("[name]", "show the status of this access token only", nameOfKind("AccessToken"))
    .addOption(timeoutOption("60s"))
    .action(run({ text, wide, data }, status));
}

type Found = AccessToken | AccessToken[];

async function status(context: CommandContext, name: string | undefined): Promise<Found> {
  const platform = await context.platform();
  if (name === undefined) return await platform.list("AccessToken", context.signal);
  const token = await platform.get("AccessToken", name, context.signal);
  if (token !== undefined) return token;
  const { namespace } = platform;
  throw appError("resource-not-found", {
    kind: "AccessToken",
    name,
    namespace,
    list: "token status",
  });
}

function data(found: Found) {
  return Array.isArray(found) ? found.map(tokenWithoutCode) : tokenWithoutCode(found);
}

function text(found: Found): string {
  if (!Array.isArray(found)) {
    return fields([
      ["Name", found.metadata.name],
      ["Status", statusOf(found)],
      ["Message", messageOf(found) || "-"],
      ["Redeemed", isRedeemed(found)],
      ["URL", found.spec?.url ?? "-"],
      ...conditionRows(found.status?.conditions),
    ]);
  }
  if (found.length === 0) return "There are no access tokens in the namespace.";
  return table([
    ["NAME", "STATUS", "REDEEMED", "MESSAGE"],
    ...found.map((token) => [
      token.metadata.name,
      statusOf(token),
      isRedeemed(token),
      messageOf(token),
    ]),
  ]);
}

function wide(found: Found): string {
  if (!Array.isArray(found) || found.length === 0) return text(found);
  return table([
    ["NAME", "STATUS", "REDEEMED", "LINK COST", "URL", "MESSAGE"],
    ...found.map((token) => [
      token.metadata.name,
      statusOf(token),
      isRedeemed(token),
      String(token.spec?.linkCost ?? 1),
      token.spec?.url ?? "-",
      messageOf(token),
    ]),
  ]);
}

function statusOf(token: AccessToken): string {
  return token.status?.status ?? "Pending";
}

function messageOf({ status }: AccessToken): string {
  if (status === undefined) return "no controller has taken it up";
  return status.message === "OK" ? "" : status.message ?? "";
}

function isRedeemed({ status }: AccessToken): string {
  return status?.redeemed === true ? "yes" : "no";
}
