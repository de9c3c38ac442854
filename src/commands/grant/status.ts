import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { conditionRows, fields } from "../../cli/output.ts";
import { nameOfKind } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import { type AccessGrant, grantState, redemptionsAllowed } from "../../resources/access_grant.ts";
import { grantWithoutCode } from "../../resources/without_code.ts";
import { relativeTime } from "../../wait/duration.ts";

/** `grant status <name>`: all but its code, which lets anybody redeem it. */
export function grantStatus(run: Runner) {
  return leaf("status", "Display the status of an access grant, without its secret code", {
    formats: ["name"],
  })
    .argument("<name>", "the access grant", nameOfKind("AccessGrant"))
    .addOption(timeoutOption("60s"))
    .action(run({ text, data: grantWithoutCode }, status));
}

async function status(context: CommandContext, name: string): Promise<AccessGrant> {
  const platform = await context.platform();
  const grant = await platform.get("AccessGrant", name, context.signal);
  if (grant !== undefined) return grant;
  const { namespace } = platform;
  throw appError("resource-not-found", {
    kind: "AccessGrant",
    name,
    namespace,
    list: "grant list",
  });
}

/** What tokens pin; of a grant that is not served yet nothing is known. */
function describeAuthority(ca: string | undefined): string {
  if (ca === undefined) return "-";
  return ca === "" ? "none: the redeemer's system says whom to trust" : "present";
}

function text(grant: AccessGrant): string {
  const now = Date.now();
  const { status, message } = grantState(grant, now);
  const { url, ca, code, redemptions = 0, expirationTime, conditions } = grant.status ?? {};
  return fields([
    ["Name", grant.metadata.name],
    ["Status", status],
    ["Message", message ?? "-"],
    ["Redemptions", `${redemptions}/${redemptionsAllowed(grant)}`],
    [
      "Expires",
      expirationTime === undefined
        ? "-"
        : `${expirationTime} (${relativeTime(expirationTime, now)})`,
    ],
    ["URL", url ?? "-"],
    ["CA", describeAuthority(ca)],
    ["Code", code ? "present, not shown" : "-"],
    ...conditionRows(conditions),
  ]);
}
