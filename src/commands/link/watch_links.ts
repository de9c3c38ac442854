import type { CommandContext } from "../../cli/context.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";
import { followLinks } from "../../router/follow_links.ts";
import type { LinkWithRouter } from "../../router/linked.ts";
import { watchUntil } from "../../wait/watch_until.ts";
import { namedLink } from "./named_link.ts";
import { linkLine } from "./status_text.ts";

/** A change of a link: what it is now, or was last. */
interface LinkChange {
  /** RFC 3339, by this machine's clock. */
  at: string;
  change: "found" | "added" | "changed" | "removed";
  link: LinkWithRouter;
}

/**
 * Tells the links that there are, and each change of one, until the deadline ends, which is no
 * error here.
 */
export async function watchLinks(
  platform: PlatformWithAbilities,
  name: string | undefined,
  context: CommandContext,
): Promise<undefined> {
  if (name !== undefined) await namedLink(platform, name, context);
  let before: Map<string, LinkWithRouter> | undefined;
  await watchUntil(context.signal, () =>
    followLinks(
      platform,
      async (states) => {
        for await (const links of states) {
          const meant = links.filter(({ metadata }) =>
            name === undefined || metadata.name === name
          );
          const now = new Map(meant.map((link) => [link.metadata.name, link]));
          for (const change of compare(before, now)) {
            const { at, change: kind, link } = change;
            await context.tell(
              `${at}  ${linkLine(link)}${kind === "removed" ? "  removed" : ""}`,
              change,
            );
          }
          before = now;
          if (context.deadline.timeoutMs === 0) return; // one look
        }
      },
      "watch",
      context.signal,
    ));
  return undefined;
}

function compare(
  before: Map<string, LinkWithRouter> | undefined,
  now: Map<string, LinkWithRouter>,
): LinkChange[] {
  const at = new Date().toISOString();
  const changes: LinkChange[] = [];
  for (const [name, link] of now) {
    const was = before?.get(name);
    if (was === undefined) {
      changes.push({ at, change: before === undefined ? "found" : "added", link });
    } else if (essence(was) !== essence(link)) changes.push({ at, change: "changed", link });
  }
  for (const [name, link] of before ?? []) {
    if (!now.has(name)) changes.push({ at, change: "removed", link });
  }
  return changes;
}

/** What of a link is worth a line: neither how long it has been so nor how often it was tried. */
function essence({ spec, status, router }: LinkWithRouter): string {
  const { state, fault, cost, remoteSite } = router ?? {};
  const { status: word, message } = status ?? {};
  return JSON.stringify([
    spec?.cost,
    word,
    fault === undefined ? message : fault,
    state,
    cost,
    remoteSite?.router,
  ]);
}
