import type { CommandContext } from "../cli/context.ts";
import { leaf } from "../cli/leaf.ts";
import { timeoutOption } from "../cli/options.ts";
import { findUnlessQuiet, quietRemoval } from "../cli/quiet.ts";
import { qualifiedName } from "../cli/resource_names.ts";
import type { Runner } from "../cli/runner.ts";
import { inOrder } from "../declarative/apply_manifests.ts";
import { type AppError, appError, isAppError } from "../errors/app_error.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";
import { kindWords, selectResources } from "../resources/kind_words.ts";
import { apiVersion } from "../resources/api_version.ts";
import type { Kind, Resource } from "../resources/kinds.ts";
import { changeLive, isPending, type LiveChange } from "../router/live_change.ts";
import { openManifests } from "./declarative/files_in_force.ts";
import { filenameOption, resourcesArgument } from "./declarative/options.ts";
import { mayEndGrants } from "./site/ending_grants.ts";

interface Deleted {
  /** The resources that are gone, each as kind.group/name. */
  deleted: string[];
  /** What came of each Link in the router that runs, by what is gone. */
  live: Record<string, LiveChange>;
  missing: AppError | undefined;
}

interface Target {
  platform: PlatformWithAbilities;
  kind: Kind;
  name: string;
}

/** `delete <resource...>` and `delete -f <file>`, as `kubectl delete` has them. */
export function deleteCommand(run: Runner) {
  return leaf("delete", "Delete resources by name or as files have them, as kubectl delete does", {
    formats: ["name"],
    quiet: quietRemoval,
  })
    .addArgument(resourcesArgument(false))
    .addOption(filenameOption())
    .option("--ignore-not-found", "what is not there is no failure")
    .option("--yes", "do not ask whether grants that end with a site may end")
    .addOption(timeoutOption("60s"))
    .action(run({
      text: ({ deleted, live }) =>
        deleted.map((name) => {
          const but = isPending(live[name]) ? ", but its router still has it" : "";
          return `${name.replace("/", ' "')}" deleted${but}`;
        }).join("\n"),
      names: ({ deleted }) => deleted,
      data: ({ deleted, live }) => Object.keys(live).length === 0 ? { deleted } : { deleted, live },
      failure: ({ missing }) => missing,
    }, remove));
}

async function remove(
  context: CommandContext,
  words: string[],
  { filename, ignoreNotFound, yes = false }: {
    filename: string[];
    ignoreNotFound?: true | false | undefined;
    yes?: true | false;
  },
): Promise<Deleted> {
  const deleted: string[] = [];
  const live: Record<string, LiveChange> = {};
  let missing: AppError | undefined;
  const targets = await targetsOf(context, words, filename);
  context.concern(...targets.map(({ kind }) => kind));
  if (!await maySitesEnd(context, targets, yes)) {
    context.warn("Nothing is deleted: it was not confirmed");
    return { deleted, live, missing };
  }
  for (const target of targets) {
    const { kind, name } = target;
    const gone = qualifiedName(kind, name, kind === "Secret" ? "v1" : apiVersion);
    try {
      const change = await findUnlessQuiet(
        context,
        context.quiet || ignoreNotFound,
        async () => ({ live: await removeOne(context, target) }),
      );
      if (change === undefined) continue;
      deleted.push(gone);
      if (change.live !== undefined) live[gone] = change.live;
      context.done(`${gone} is deleted.`);
    } catch (error) {
      if (!isAppError(error, "resource-not-found")) throw error;
      missing ??= error as AppError;
    }
  }
  return { deleted, live, missing };
}

/** False if somebody was asked whether grants may end with a site, and said no. */
async function maySitesEnd(
  context: CommandContext,
  targets: readonly Target[],
  isSure: boolean,
): Promise<boolean> {
  for (const { kind, name, platform } of targets) {
    if (kind !== "Site") continue;
    if (await platform.get("Site", name, context.signal) === undefined) continue;
    const named = targets.filter((one) =>
      one.kind === "AccessGrant" && one.platform.namespace === platform.namespace
    ).map((one) => one.name);
    if (!await mayEndGrants(context, platform, isSure, named)) return false;
  }
  return true;
}

/** What is to go, in an order in which nothing is missed by what is still there. */
async function targetsOf(
  context: CommandContext,
  words: string[],
  files: string[],
): Promise<Target[]> {
  if ((words.length > 0) === (files.length > 0)) {
    const message = "Either resources are named, or a file that has them";
    throw appError("usage", { message, help: "delete link/east, or delete -f links.yaml" });
  }
  if (files.length > 0) {
    const all = inOrder(await openManifests(context, files, { namesAlone: true })).toReversed();
    return all.map(({ resource: { kind, metadata: { name } }, platform }) => ({
      platform,
      kind,
      name,
    }));
  }
  const platform = await context.platform();
  return selectResources(words).flatMap(({ kind, names }) => {
    if (names.length > 0) return names.map((name) => ({ platform, kind, name }));
    const help = `All of a kind are not deleted at once: name each; get ${
      kindWords[kind].plural
    } shows them.`;
    throw appError("usage", { message: `No ${kind} is named`, help });
  });
}

/**
 * Gives what came of a Link in the router that runs. Throws `resource-not-found`, and what the
 * platform throws.
 */
async function removeOne(
  context: CommandContext,
  { platform, kind, name }: Target,
): Promise<LiveChange | undefined> {
  const { signal, env } = context;
  const { namespace } = platform;
  const found = await platform.get(kind, name, signal) as Resource | undefined;
  if (found === undefined) throw appError("resource-not-found", { kind, name, namespace });
  const { uid } = found.metadata;
  if (found.kind === "Site") await platform.siteFounder?.dissolve(found, false, signal);
  if (found.kind === "AccessGrant") {
    const { revokeGrant } = await import("../token/revoke.ts");
    await revokeGrant(platform, name, { env, now: Date.now }, signal);
  } else {
    await platform.remove(kind, name, signal, { uid });
  }
  if (found.kind !== "Link") return undefined;
  return await changeLive(
    platform.liveLinks,
    (router) => router.drop(name, signal),
    { meaning: "brings the link back", reload: false },
    context,
  );
}
