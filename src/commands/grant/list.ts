import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { table } from "../../cli/output.ts";
import { qualifiedName } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import {
  type AccessGrant,
  type GrantState,
  grantState,
  redemptionsAllowed,
} from "../../resources/access_grant.ts";
import { relativeTime } from "../../wait/duration.ts";

/** A grant as it may be shown: without its code. */
interface GrantSummary extends GrantState {
  name: string;
  redemptions: number;
  redemptionsAllowed: number;
  expirationTime?: string;
  /** Where it is redeemed. */
  url?: string;
}

/** `grant list`: never shows a code. */
export function grantList(run: Runner) {
  return leaf("list", "List the access grants of the namespace", { formats: ["wide", "name"] })
    .addOption(timeoutOption("60s"))
    .action(run({ text, wide, names }, list));
}

async function list(context: CommandContext): Promise<GrantSummary[]> {
  const platform = await context.platform();
  return (await platform.list("AccessGrant", context.signal)).map((grant) => summary(grant));
}

function summary(grant: AccessGrant): GrantSummary {
  const { expirationTime, url } = grant.status ?? {};
  return {
    name: grant.metadata.name,
    ...grantState(grant, Date.now()),
    redemptions: grant.status?.redemptions ?? 0,
    redemptionsAllowed: redemptionsAllowed(grant),
    ...(expirationTime === undefined ? {} : { expirationTime }),
    ...(url === undefined ? {} : { url }),
  };
}

function names(grants: GrantSummary[]): string[] {
  return grants.map(({ name }) => qualifiedName("AccessGrant", name));
}

function wide(grants: GrantSummary[]): string {
  if (grants.length === 0) return text(grants);
  return table([
    ["NAME", "STATUS", "REDEMPTIONS", "EXPIRES", "URL", "MESSAGE"],
    ...grants.map((grant) => [
      grant.name,
      grant.status,
      `${grant.redemptions}/${grant.redemptionsAllowed}`,
      grant.expirationTime ?? "-",
      grant.url ?? "-",
      grant.message ?? "",
    ]),
  ]);
}

function text(grants: GrantSummary[]): string {
  if (grants.length === 0) return "There are no access grants in the namespace.";
  const now = Date.now();
  return table([
    ["NAME", "STATUS", "REDEMPTIONS", "EXPIRES", "MESSAGE"],
    ...grants.map((grant) => [
      grant.name,
      grant.status,
      `${grant.redemptions}/${grant.redemptionsAllowed}`,
      grant.expirationTime === undefined ? "-" : relativeTime(grant.expirationTime, now),
      grant.message ?? "",
    ]),
  ]);
}
