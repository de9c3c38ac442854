import { existsSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Platform } from "../../../src/platform/platform.ts";
import { forgetPlatform, readPlatform } from "../namespace_platform.ts";
import type { NamespacePaths } from "../paths.ts";
import { removeSiteAuthority, removeSiteState, siteUid } from "./site_authority.ts";
import { siteMarks } from "./site_marks.ts";

/**
 * Sees what of a site is there before it is founded. What it returns takes away all else of it, for
 * who could not go on to the end; it does nothing once the Site of that name is stored. Who calls
 * either holds the namespace's lock.
 */
export async function foundingUndo(
  paths: NamespacePaths,
  platform: Platform,
  name: string,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const wasSite = await platform.get("Site", name, signal) !== undefined;
  const wasAccess = await platform.get("RouterAccess", name, signal) !== undefined;
  const uidBefore = await siteUid(paths);
  const platformBefore = await readPlatform(paths);
  const absent = [...namespaceFolders(paths), paths.state].filter((folder) => !existsSync(folder));
  return async () => {
    const { signal } = new AbortController(); // whatever ended the founding
    if (!wasSite && await platform.get("Site", name, signal) !== undefined) return;
    const uid = await siteUid(paths);
    if (uid !== undefined && !wasAccess) {
      await platform.remove("RouterAccess", name, signal);
      await siteMarks(paths, uid).clear(`RouterAccess-${name}`);
    }
    if (wasSite) return;
    const isMade = uidBefore === undefined && uid !== undefined &&
      await siteMarks(paths, uid).has("authority");
    if (isMade) {
      await removeSiteAuthority(paths);
      await removeSiteState(paths, uid);
    }
    if (platformBefore === undefined) await forgetPlatform(paths);
    await removeEmpty(absent);
  };
}

/** Removes those folders of the namespace that nothing is in. */
export async function removeEmptyFolders(paths: NamespacePaths): Promise<void> {
  await removeEmpty(namespaceFolders(paths));
}

async function removeEmpty(folders: string[]): Promise<void> {
  for (const folder of folders) {
    await rmdir(folder).catch(() => {}); // not empty, or never made
  }
}

/** The folders that founding makes, each after what is in it. */
function namespaceFolders(
  { inputResources, inputIssuers, inputCerts, root }: NamespacePaths,
): string[] {
  return [inputResources, inputIssuers, inputCerts, dirname(inputResources), root];
}
