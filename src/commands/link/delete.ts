import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { deletionWaitOption, timeoutOption } from "../../cli/options.ts";
import { findUnlessQuiet, quietRemoval } from "../../cli/quiet.ts";
import { nameOfKind, qualifiedName } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import { need } from "../../platform/abilities.ts";
import { redeemedToken } from "../../resources/access_token.ts";
import { changeLive, isPending, type LiveChange } from "../../router/live_change.ts";
import { waitFor } from "../../wait/wait_for.ts";
import { namedLink } from "./named_link.ts";
import { reloadOption } from "./options.ts";

interface Deleted {
  /** Null where it was not there, and --quiet was given. */
  deleted: string | null;
  /** What came of it in the router that runs. */
  live?: LiveChange;
}

/** `link delete <name>`: with the credentials a token redemption made for it. */
export function linkDelete(run: Runner) {
  return leaf("delete", "Delete a link", { formats: ["name"], quiet: quietRemoval })
    .argument("<name>", "the link", nameOfKind("Link"))
    .addOption(deletionWaitOption())
    .option("--no-wait", "do not wait for deletion to complete")
    .addOption(reloadOption())
    .addOption(timeoutOption("60s"))
    .action(run({ text, names }, remove));
}

function names({ deleted }: Deleted): string[] {
  return deleted === null ? [] : [qualifiedName("Link", deleted)];
}

function text({ deleted, live }: Deleted): string {
  if (deleted === null) return "";
  return `Link "${deleted}" is deleted${isPending(live) ? ", but its router still has it" : ""}.`;
}

async function remove(
  context: CommandContext,
  name: string,
  options: { wait?: boolean; reload?: boolean | undefined },
): Promise<Deleted> {
  const { reload = false } = options;
  const platform = await context.platform();
  if (reload) need(platform, "liveLinks", "reloading a router");
  const link = await findUnlessQuiet(
    context,
    context.quiet,
    () => namedLink(platform, name, context),
  );
  if (link === undefined) return { deleted: null };
  const { uid } = link.metadata;
  await platform.remove("Link", name, context.signal, { uid });
  context.done(`Link "${name}" is marked for deletion.`);
  await removeCredentials(context, link.spec?.tlsCredentials);
  const live = await changeLive(
    platform.liveLinks,
    (router) => router.drop(name, context.signal),
    { meaning: "brings the link back", reload },
    context,
  );
  const deleted = live === undefined ? { deleted: name } : { deleted: name, live };
  if (options.wait === false) return deleted;
  return await waitFor(platform.watch("Link", context.signal, name), {
    what: `link "${name}" to be deleted`,
    resume: "link status",
    done(links) {
      const isThere = links.some(({ metadata }) => metadata.name === name && metadata.uid === uid);
      if (!isThere) return deleted;
      context.progress("Waiting for deletion...");
      return undefined;
    },
    describe: () => "it still exists",
  }, context.deadline);
}

/** Only a Secret that a redemption made, and that no other link uses, goes with its link. */
async function removeCredentials(context: CommandContext, name: string | undefined) {
  if (name === undefined) return;
  const platform = await context.platform();
  const secret = await platform.get("Secret", name, context.signal);
  if (secret === undefined) return;
  if (secret.metadata.annotations?.[redeemedToken] === undefined) {
    context.warn(`Secret "${name}" stays, with the link's key in it: no redemption made it`);
    return;
  }
  const links = await platform.list("Link", context.signal);
  if (links.some((link) => link.spec?.tlsCredentials === name)) return;
  await platform.remove("Secret", name, context.signal, { uid: secret.metadata.uid });
}
