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
import { changeLive } from "../router/live_change.ts";
import { openManifests } from "./declarative/files_in_force.ts";
import { filenameOption, resourcesArgument } from "./declarative/options.ts";

interface Deleted {
  /** The resources that are gone, each as kind.group/name. */
  deleted: string[];
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
    .addOption(timeoutOption("60s"))
    .action(run({
      text: ({ deleted }) =>
        deleted.map((name) => `${name.replace("/", ' "')}" deleted`).join("\n"),
      names: ({ deleted }) => deleted,
      data: ({ deleted }) => ({ deleted }),
      failure: ({ missing }) => missing,
    }, remove));
}

async function remove(
  context: CommandContext,
  words: string[],
  { filename }: { filename: string[] },
): Promise<Deleted> {
  const deleted: string[] = [];
  let missing: AppError | undefined;
  for (const target of await targetsOf(context, words, filename)) {
    try {
      const gone = await findUnlessQuiet(context, context.quiet, () => removeOne(context, target));
      if (gone === undefined) continue;
      deleted.push(gone);
      context.done(`${gone} is deleted.`);
    } catch (error) {
      if (!isAppError(error, "resource-not-found")) throw error;
      missing ??= error as AppError;
    }
  }
  return { deleted, missing };
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
    const all = inOrder(await openManifests(context, files)).toReversed();
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

/** Throws `resource-not-found`, and what the platform throws. */
async function removeOne(
  context: CommandContext,
  { platform, kind, name }: Target,
): Promise<string> {
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
  if (found.kind === "Link") {
    const meaning = { meaning: "brings the link back", reload: false };
    await changeLive(platform.liveLinks, (router) => router.drop(name, signal), meaning, context);
  }
  return qualifiedName(kind, name, kind === "Secret" ? "v1" : apiVersion);
}
