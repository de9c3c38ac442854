import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { table } from "../../cli/output.ts";
import type { Runner } from "../../cli/runner.ts";
import { type AccessGrant, redemptionsAllowed } from "../../resources/access_grant.ts";
import { describeState } from "../../resources/resource.ts";

/** A grant as it may be shown: without its code. */
interface GrantSummary {
  name: string;
  status: string;
  redemptions: number;
  redemptionsAllowed: number;
  expirationTime?: string;
}

/** `grant list`: never shows a code. */
export function grantList(run: Runner) {
  return leaf("list", "List the access grants of the namespace")
    .addOption(timeoutOption("60s"))
    .action(run({ text }, list));
}

async function list(context: CommandContext): Promise<GrantSummary[]> {
  const platform = await context.platform();
  return (await platform.list("AccessGrant", context.signal)).map((grant) => summary(grant));
}

function summary(grant: AccessGrant): GrantSummary {
  const expirationTime = grant.status?.expirationTime;
  const allowed = redemptionsAllowed(grant);
  const redemptions = grant.status?.redemptions ?? 0;
  const expired = expirationTime !== undefined && Date.parse(expirationTime) <= Date.now();
  const hasFailed = grant.status?.status === "Error";
  const ended = expired ? "Expired" : redemptions >= allowed ? "Used up" : undefined;
  return {
    name: grant.metadata.name,
    status: hasFailed ? describeState(grant) : ended ?? describeState(grant),
    redemptions,
    redemptionsAllowed: allowed,
    ...(expirationTime === undefined ? {} : { expirationTime }),
  };
}

function text(grants: GrantSummary[]): string {
  if (grants.length === 0) return "There are no access grants in the namespace.";
  return table([
    ["NAME", "STATUS", "REDEMPTIONS", "EXPIRES"],
    ...grants.map((grant) => [
      grant.name,
      grant.status,
      `${grant.redemptions}/${grant.redemptionsAllowed}`,
      grant.expirationTime ?? "-",
    ]),
  ]);
}
