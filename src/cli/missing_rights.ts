import type { Command } from "@commander-js/extra-typings";
import { appError, isAppError } from "../errors/app_error.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";
import type { Kind } from "../resources/kinds.ts";

/** How long it may take to ask what else the user may not do, in milliseconds. */
const rightsLimitMs = 5000;

/**
 * A refusal of one right with all others that the command lacks, where a platform that it has
 * `opened` knows them.
 */
export async function withMissing(
  error: unknown,
  opened: readonly Promise<PlatformWithAbilities>[],
  command: Command,
  about: readonly Kind[],
  interrupts: AbortSignal,
): Promise<unknown> {
  if (!isAppError(error, "forbidden")) return error;
  const platforms = (await Promise.allSettled(opened)).flatMap((each) =>
    each.status === "fulfilled" ? [each.value] : []
  );
  const platform = platforms.find(({ namespace }) => namespace === error.data.namespace);
  const { rightsProbe } = platform ?? platforms[0] ?? {};
  if (rightsProbe === undefined) return error;
  const words: string[] = [];
  for (let each: Command | null = command; each?.parent; each = each.parent as Command | null) {
    words.unshift(each.name());
  }
  const limit = AbortSignal.any([interrupts, AbortSignal.timeout(rightsLimitMs)]);
  try {
    const lacks = await rightsProbe.missing(words.join(" "), about, limit);
    if (lacks === undefined) return error;
    return appError("forbidden", { ...error.data, lacks }, { cause: error.cause });
  } catch {
    return error; // what is known is told
  }
}
