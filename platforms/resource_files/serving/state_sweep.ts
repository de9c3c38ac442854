import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { siteIssuer } from "../../../src/resources/site.ts";
import { isLabel } from "../../../src/resources/names.ts";
import type { Now } from "../../../src/runtime/clock.ts";
import { unlessAbsent } from "../../../src/runtime/system_error.ts";
import { type NamespacePaths, namespacePaths, namespacesFolder, stateFolder } from "../paths.ts";
import { listFolder } from "../store/resource_reader.ts";
import { findAuthorityFolder, siteUid } from "../site/site_authority.ts";

/**
 * Removes the state of sites that were gone, or replaced by another, before the settled time: they
 * can't come back. Sooner they can: a reload of upstream's that fails puts the former authority
 * back, and with it the former site. Throws what the file system refuses.
 */
export async function sweepFormerSites(home: string, settled: Now): Promise<void> {
  for (const { name } of await listFolder(stateFolder(home))) {
    if (!isLabel(name)) continue; // the controller's own, and locks
    const paths = namespacePaths(home, name);
    const uid = await siteUid(paths);
    const since = await changedAt(await witnessOf(paths, uid));
    if (since === undefined || since > settled()) continue;
    for (const entry of await listFolder(paths.state)) {
      if (!entry.isDirectory() || entry.name === uid) continue;
      await rm(join(paths.state, entry.name), { recursive: true, force: true });
    }
  }
}

/** What changed last when the site that is there now, or its absence, came about. */
async function witnessOf(
  paths: NamespacePaths,
  uid: string | undefined,
): Promise<string | undefined> {
  if (uid !== undefined) {
    const folder = findAuthorityFolder(paths, siteIssuer);
    return folder && join(folder, "tls.crt");
  }
  // a namespace that has no authority just now may get its own back
  return await changedAt(paths.root) === undefined ? namespacesFolder(paths.home) : undefined;
}

/** Milliseconds since 1970; undefined for what is not there. */
async function changedAt(path: string | undefined): Promise<number | undefined> {
  if (path === undefined) return undefined;
  // what can't be seen just now may be there
  return (await unlessAbsent(stat(path)))?.ctimeMs;
}
