import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import type { Link } from "../../resources/link.ts";
import { namedLink } from "./named_link.ts";
import { costAliasOption, costOption } from "./options.ts";

interface Options {
  cost?: number;
  linkCost?: number;
  tlsCredentials?: string;
}

/** `link update <name>`: changes what is named and keeps everything else. */
export function linkUpdate(run: Runner) {
  return leaf("update", "Change link settings")
    .argument("<name>", "the link")
    .addOption(costOption())
    .addOption(costAliasOption())
    .option("--tls-credentials <name>", "the name of a Secret with the credentials of the link")
    .addOption(timeoutOption("60s"))
    .action(run({ text: ({ metadata }) => `Link "${metadata.name}" is updated.` }, update));
}

async function update(
  context: CommandContext,
  name: string,
  { linkCost, cost = linkCost, tlsCredentials }: Options,
): Promise<Link> {
  if (cost === undefined && tlsCredentials === undefined) {
    throw appError("usage", {
      message: "There is nothing to change",
      help: "Add --cost or --tls-credentials.",
    });
  }
  const platform = await context.platform();
  const link = await namedLink(platform, name, context);
  if (tlsCredentials !== undefined) await requireSecret(context, tlsCredentials);
  link.spec = {
    ...link.spec,
    endpoints: link.spec?.endpoints ?? [],
    ...(cost === undefined ? {} : { cost }),
    ...(tlsCredentials === undefined ? {} : { tlsCredentials }),
  };
  return await platform.apply<"Link">(link, context.signal);
}

/**
 * A router takes no link without its credentials, and upstream's would then take nothing else
 * either.
 */
async function requireSecret(context: CommandContext, name: string): Promise<void> {
  const platform = await context.platform();
  if (await platform.get("Secret", name, context.signal) !== undefined) return;
  throw appError("resource-not-found", { kind: "Secret", name, namespace: platform.namespace });
}
