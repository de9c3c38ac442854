import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { findUnlessQuiet, quietRemoval } from "../../cli/quiet.ts";
import { nameOfKind, qualifiedName } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";

interface Revoked {
  /** Null where it was not there, and --quiet was given. */
  revoked: string | null;
}

/** `grant revoke <name>`: its tokens can't be redeemed any more; links already made stay. */
export function grantRevoke(run: Runner) {
  return leaf("revoke", "End an access grant before its time; links made with it stay", {
    formats: ["name"],
    quiet: quietRemoval,
  })
    .argument("<name>", "the access grant", nameOfKind("AccessGrant"))
    .addOption(timeoutOption("60s"))
    .action(run({ text, names }, revoke));
}

function names({ revoked }: Revoked): string[] {
  return revoked === null ? [] : [qualifiedName("AccessGrant", revoked)];
}

function text({ revoked }: Revoked): string {
  return revoked === null ? "" : `Access grant "${revoked}" is revoked.`;
}

async function revoke(
  context: CommandContext,
  name: string,
): Promise<Revoked> {
  const { revokeGrant } = await import("../../token/revoke.ts");
  const platform = await context.platform();
  const { env, signal } = context;
  const revoked = await findUnlessQuiet(context, context.quiet, async () => {
    await revokeGrant(platform, name, { env, now: Date.now }, signal);
    return name;
  });
  return { revoked: revoked ?? null };
}
