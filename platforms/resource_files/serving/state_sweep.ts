import { rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isLabel } from "../../../src/resources/names.ts";
import type { Now } from "../../../src/runtime/clock.ts";
import { unlessAbsent } from "../../../src/runtime/system_error.ts";
import { namespacePaths, stateFolder } from "../paths.ts";
import { listFolder } from "../store/resource_reader.ts";
import { siteUid } from "../site/site_authority.ts";

/** Begins the name of the file that says since when a site was seen to be gone. */
const markPrefix = ".former-";

/**
 * Removes the state of sites that were found gone, or replaced by another, before the settled time,
 * and at each look since. Sooner they can come back: a reload of upstream's that fails puts the
 * former authority back, and a disk that was not mounted is. The time of each is that of a mark:
 * what else tells it may be another folder's, as that of an empty place where a disk belongs.
 * Throws what the file system refuses.
 */
export async function sweepFormerSites(home: string, settled: Now): Promise<void> {
  for (const { name } of await listFolder(stateFolder(home))) {
    if (!isLabel(name)) continue; // the controller's own, and locks
    const paths = namespacePaths(home, name);
    const uid = await siteUid(paths);
    // a namespace that has no authority just now may get its own back
    const isSeen = uid !== undefined || await changedAt(paths.root) === undefined;
    for (const entry of await listFolder(paths.state)) {
      if (!entry.isDirectory() || entry.name.startsWith(".")) continue;
      const mark = join(paths.state, markPrefix + entry.name);
      const since = await changedAt(mark);
      const isFormer = isSeen && entry.name !== uid;
      if (isFormer && since === undefined) await writeFile(mark, "", { mode: 0o600 });
      if (isFormer && (since === undefined || since > settled())) continue;
      if (isFormer) await rm(join(paths.state, entry.name), { recursive: true, force: true });
      if (since !== undefined) await rm(mark, { force: true });
    }
  }
}

/** Milliseconds since 1970; undefined for what is not there. */
async function changedAt(path: string): Promise<number | undefined> {
  // what can't be seen just now may be there
  return (await unlessAbsent(stat(path)))?.ctimeMs;
}
