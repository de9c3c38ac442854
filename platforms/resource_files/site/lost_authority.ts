import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import { siteIssuer } from "../../../src/resources/site.ts";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";

/**
 * True if the namespace's site, which has no authority, has worked with one of this program's
 * making. A namespace that was torn down and made anew is younger than what is kept of its former
 * site; a founding that was cut short has kept nothing but its mark.
 */
export async function hasLostAuthority(paths: NamespacePaths): Promise<boolean> {
  const bornMs = await stat(paths.root).then(({ birthtimeMs }) => birthtimeMs, () => 0);
  if (bornMs === 0) return false; // the file system does not say
  for (const entry of await readdir(paths.state, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || entry.name.startsWith(".")) continue;
    const { root } = siteStatePaths(paths, entry.name);
    const mark = await stat(join(root, "made", "authority")).catch(() => undefined);
    if (mark === undefined || mark.mtimeMs < bornMs) continue;
    if ((await readdir(root)).some((name) => name !== "made")) return true;
  }
  return false;
}

/** Throws `site-authority-lost` where it is: another authority would void links and tokens. */
export async function refuseLostAuthority(paths: NamespacePaths): Promise<void> {
  if (!await hasLostAuthority(paths)) return;
  const folder = join(paths.inputIssuers, siteIssuer);
  throw appError("site-authority-lost", { folder });
}
