import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";

interface Revoked {
  revoked: string;
}

/** `grant revoke <name>`: its tokens can't be redeemed any more; links already made stay. */
export function grantRevoke(run: Runner) {
  return leaf("revoke", "End an access grant before its time; links made with it stay")
    .argument("<name>", "the access grant")
    .addOption(timeoutOption("60s"))
    .action(run({ text: ({ revoked }) => `Access grant "${revoked}" is revoked.` }, revoke));
}

async function revoke(context: CommandContext, name: string): Promise<Revoked> {
  const { revokeGrant } = await import("../../token/revoke.ts");
  const platform = await context.platform();
  const { env, signal } = context;
  await revokeGrant(platform, name, { env, now: Date.now }, signal);
  return { revoked: name };
}
