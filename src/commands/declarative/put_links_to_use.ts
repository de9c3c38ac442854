import type { CommandContext } from "../../cli/context.ts";
import type { Application, AppliedChange } from "../../declarative/apply_manifests.ts";
import { changeLive, type LiveChange } from "../../router/live_change.ts";

/**
 * Gives what was stored to the router that runs, as `link update` does: a Link, and the Links that
 * use a Secret and are not applied themselves. What came of the Link is given, where the platform
 * has routers to change.
 */
export async function putLinksToUse(
  { resource, platform }: Application,
  change: AppliedChange,
  all: readonly Application[],
  context: CommandContext,
): Promise<LiveChange | undefined> {
  const { kind, metadata: { name } } = resource;
  const { liveLinks } = platform;
  const use = (link: string, meaning: string) =>
    changeLive(
      liveLinks,
      (router) => router.apply(link, context.signal),
      { meaning, reload: false },
      context,
    );
  if (kind === "Link") {
    return await use(name, change === "created" ? "ends the link" : "undoes the change");
  }
  if (kind !== "Secret" || liveLinks === undefined) return undefined;
  const coming = all.filter((one) =>
    one.resource.kind === "Link" && one.platform.namespace === platform.namespace
  ).map((one) => one.resource.metadata.name);
  for (const { metadata, spec } of await platform.list("Link", context.signal)) {
    if (spec?.tlsCredentials !== name || coming.includes(metadata.name)) continue;
    await use(metadata.name, "undoes the change");
  }
  return undefined;
}
