import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { nameOfKind } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";
import { describeState, isReady } from "../../resources/resource.ts";
import { followLinks, holdRouter, listWithRouter } from "../../router/follow_links.ts";
import { type LinkWithRouter, withRouter } from "../../router/linked.ts";
import { unservedSite, visibleSites } from "../../token/unserved_site.ts";
import { whyInVain } from "../../token/wait_in_vain.ts";
import { waitFor } from "../../wait/wait_for.ts";
import { namedLink } from "./named_link.ts";
import { linkStatusText, wideLinks } from "./status_text.ts";
import { watchLinks } from "./watch_links.ts";

const waitChoices = ["operational"] as const;

interface Options {
  watch?: boolean | undefined;
  wait?: (typeof waitChoices)[number];
}

type Found = LinkWithRouter | LinkWithRouter[] | undefined;

/** `link status [name]`. */
export function linkStatus(run: Runner) {
  return leaf("status", "Display the status of links in the current site", {
    formats: ["wide", "name"],
  })
    .argument("[name]", "show the status of this link only", nameOfKind("Link"))
    .option("--watch", "go on, and tell each change in a line, or with -o json as an object a line")
    .addOption(
      new Option("--wait <status>", "wait until the links are operational")
        .choices(waitChoices).conflicts("watch"),
    )
    .addOption(timeoutOption("60s"))
    .action(run({ text, wide, follows: ({ watch }) => watch === true }, status));
}

function text(found: Found): string {
  return found === undefined ? "" : linkStatusText(found);
}

function wide(found: Found): string {
  return Array.isArray(found) && found.length > 0 ? wideLinks(found) : text(found);
}

async function status(
  context: CommandContext,
  name: string | undefined,
  { watch, wait }: Options,
): Promise<Found> {
  const { signal } = context;
  const platform = await context.platform();
  if (platform.routerProbe === undefined) await tellUnserved(platform, context);
  if (watch) return await watchLinks(platform, name, context);
  if (wait !== undefined) return await awaitOperational(context, name);
  return await holdRouter(platform, async () => {
    if (name === undefined) return await listWithRouter(platform, signal);
    const [link, view] = await Promise.all([
      namedLink(platform, name, context),
      platform.routerProbe?.view(signal),
    ]);
    return withRouter(link, view);
  });
}

/** In a cluster a controller says how links are; where there is none, what it said last is left. */
async function tellUnserved(platform: PlatformWithAbilities, context: CommandContext) {
  const sites = await visibleSites(platform, context.signal);
  const unserved = unservedSite(platform, sites, "its links");
  if (unserved !== undefined) context.note(unserved);
}

/** The link, or all of them, once they are operational; one at least there must be. */
async function awaitOperational(
  context: CommandContext,
  name: string | undefined,
): Promise<LinkWithRouter | LinkWithRouter[]> {
  const platform = await context.platform();
  const { namespace } = platform;
  if (name !== undefined) await namedLink(platform, name, context);
  context.progress("Waiting for status...");
  const isMeant = (link: LinkWithRouter) =>
    (name === undefined || link.metadata.name === name) && link.router?.state !== "deleted";
  return await followLinks(
    platform,
    (states) =>
      waitFor(states, {
        what: name === undefined
          ? "the links to be operational"
          : `link "${name}" to be operational`,
        resume: `link status ${name === undefined ? "" : `${name} `}--wait operational`,
        done(links) {
          const meant = links.filter(isMeant);
          if (name !== undefined && meant.length === 0) {
            throw appError("resource-not-found", {
              kind: "Link",
              name,
              namespace,
              list: "link status",
            });
          }
          if (meant.length > 0 && meant.every(isReady)) {
            return name === undefined ? meant : meant[0];
          }
          for (const link of meant) {
            const why = whyInVain(link, { namespace, now: Date.now() });
            if (why !== undefined) throw why;
          }
          return undefined;
        },
        describe(links) {
          const link = links.filter(isMeant).find((each) => !isReady(each));
          return link === undefined
            ? "there is no link"
            : `link "${link.metadata.name}" is ${describeState(link)}`;
        },
      }, context.deadline),
    "wait",
    context.signal,
  );
}
