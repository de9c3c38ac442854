import type { CommandContext } from "../../cli/context.ts";
import { isAppError } from "../../errors/app_error.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";
import { grantState } from "../../resources/access_grant.ts";

/**
 * Says how many grants end with the site of the namespace, beside those that are `named` to end
 * anyway, and asks for a yes where a person can give it and `isSure` is false; false if that person
 * says no. Who may not list grants is not told.
 */
export async function mayEndGrants(
  { ask, signal, stdinIsTerminal, warn }: CommandContext,
  platform: PlatformWithAbilities,
  isSure: boolean,
  named: readonly string[] = [],
): Promise<boolean> {
  const now = Date.now();
  const grants = await platform.list("AccessGrant", signal).catch((error) => {
    if (isAppError(error, "forbidden")) return [];
    throw error;
  });
  const live =
    grants.filter((grant) =>
      grantState(grant, now).status === "Ready" && !named.includes(grant.metadata.name)
    ).length;
  if (live === 0) return true;
  const what = live === 1 ? "1 access grant" : `${live} access grants`;
  warn(`With the site, ${what} that could still be redeemed ${live === 1 ? "ends" : "end"}`);
  if (isSure || !stdinIsTerminal) return true;
  return await ask.confirm({ text: "Delete the site", option: "--yes" });
}
