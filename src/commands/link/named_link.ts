import type { CommandContext } from "../../cli/context.ts";
import { appError } from "../../errors/app_error.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";
import type { Link } from "../../resources/link.ts";

/** The link of that name. Throws `resource-not-found`. */
export async function namedLink(
  platform: PlatformWithAbilities,
  name: string,
  context: CommandContext,
): Promise<Link> {
  const link = await platform.get("Link", name, context.signal);
  if (link !== undefined) return link;
  const { namespace } = platform;
  throw appError("resource-not-found", { kind: "Link", name, namespace, list: "link status" });
}
