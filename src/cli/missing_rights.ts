import type { Command } from "@commander-js/extra-typings";
import { appError, isAppError } from "../errors/app_error.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";

/** How long it may take to ask what else the user may not do, in milliseconds. */
const rightsLimitMs = 5000;

/** A refusal of one right with all others that the command lacks, where somebody knows them. */
export async function withMissing(
  error: unknown,
  platform: PlatformWithAbilities | undefined,
  command: Command,
  interrupts: AbortSignal,
): Promise<unknown> {
  if (!isAppError(error, "forbidden") || platform?.rightsProbe === undefined) return error;
  const words: string[] = [];
  for (let each: Command | null = command; each?.parent; each = each.parent as Command | null) {
    words.unshift(each.name());
  }
  const limit = AbortSignal.any([interrupts, AbortSignal.timeout(rightsLimitMs)]);
  try {
    const lacks = await platform.rightsProbe.missing(words.join(" "), limit);
    if (lacks === undefined) return error;
    return appError("forbidden", { ...error.data, lacks }, { cause: error.cause });
  } catch {
    return error; // what is known is told
  }
}
