import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { nameOfKind } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import { need } from "../../platform/abilities.ts";
import type { Link } from "../../resources/link.ts";
import { describeState, hasCondition, isReady } from "../../resources/resource.ts";
import { whyInVain } from "../../token/wait_in_vain.ts";
import { waitFor } from "../../wait/wait_for.ts";
import { namedLink } from "./named_link.ts";
import { changeLive, isPending, type LiveChange } from "../../router/live_change.ts";
import { costAliasOption, costOption, reloadOption } from "./options.ts";

const waitChoices = ["none", "configured", "ready"] as const;

interface Options {
  wait: (typeof waitChoices)[number];
  cost?: number;
  linkCost?: number;
  tlsCredentials?: string;
  reload?: boolean | undefined;
}

/** The Link, and what came of it in the router that runs. */
type Updated = Link & { live?: LiveChange };

/** `link update <name>`: changes what is named and keeps everything else. */
export function linkUpdate(run: Runner) {
  return leaf("update", "Change link settings", { formats: ["name"] })
    .argument("<name>", "the link", nameOfKind("Link"))
    .addOption(costOption())
    .addOption(costAliasOption())
    .option("--tls-credentials <name>", "the name of a Secret with the credentials of the link")
    .addOption(reloadOption())
    .addOption(
      new Option("--wait <status>", "wait for the given status").choices(waitChoices)
        .default("none" as const),
    )
    .addOption(timeoutOption("60s"))
    .action(run({ text }, update));
}

function text({ metadata, live }: Updated): string {
  const but = isPending(live) ? ", but its router does not have that yet" : "";
  return `Link "${metadata.name}" is updated${but}.`;
}

async function update(
  context: CommandContext,
  name: string,
  { linkCost, cost = linkCost, tlsCredentials, wait, reload = false }: Options,
): Promise<Updated> {
  if (cost === undefined && tlsCredentials === undefined) {
    throw appError("usage", {
      message: "There is nothing to change",
      help: "Add --cost or --tls-credentials.",
    });
  }
  const platform = await context.platform();
  if (reload) need(platform, "liveLinks", "reloading a router");
  const link = await namedLink(platform, name, context);
  if (tlsCredentials !== undefined) await requireSecret(context, tlsCredentials);
  link.spec = {
    ...link.spec,
    endpoints: link.spec?.endpoints ?? [],
    ...(cost === undefined ? {} : { cost }),
    ...(tlsCredentials === undefined ? {} : { tlsCredentials }),
  };
  const updated = await platform.apply<"Link">(link, context.signal);
  const live = await changeLive(
    platform.liveLinks,
    (router) => router.apply(name, context.signal),
    { meaning: "undoes the change", reload },
    context,
  );
  const withLive = (found: Link) => live === undefined ? found : { ...found, live };
  if (wait === "none") return withLive(updated);
  context.done(`Link "${name}" is stored as changed.`);
  return await waitFor(platform.watch("Link", context.signal, name), {
    what: `link "${name}" to be ${wait}`,
    resume: `link status ${name}`,
    done(links) {
      const found = links.find(({ metadata }) => metadata.name === name);
      if (found === undefined) throw appError("conflict", { kind: "Link", name });
      const isReached = wait === "ready" ? isReady(found) : hasCondition(found, "Configured");
      if (isReached) return withLive(found);
      const why = whyInVain(found, { namespace: platform.namespace, now: Date.now() });
      if (why !== undefined) throw why;
      return undefined;
    },
    describe: (links) =>
      links.filter(({ metadata }) => metadata.name === name).map(describeState)[0]!,
  }, context.deadline);
}

/**
 * A router takes no link without its credentials, and upstream's would then take nothing else
 * either.
 */
async function requireSecret(context: CommandContext, name: string): Promise<void> {
  const platform = await context.platform();
  if (await platform.get("Secret", name, context.signal) !== undefined) return;
  throw appError("resource-not-found", {
    kind: "Secret",
    name,
    namespace: platform.namespace,
    list: "get secrets",
  });
}
