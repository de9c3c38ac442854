import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { LedgerStore } from "../../../src/grant_service/ledger/backing.ts";
import { unlessAbsent } from "../../../src/runtime/system_error.ts";
import { type NamespacePaths, siteStatePaths, stateFolder } from "../paths.ts";
import { siteUid } from "../site/site_authority.ts";
import { listFolder } from "../store/resource_reader.ts";
import { closeGrantsOfCopy, originFile, withoutClosed } from "./home_origin.ts";

/**
 * The ledgers of a namespace without those of grants that a copy gave back: of the whole data home,
 * `closed`, or of the namespace alone, which its site's state tells as the home's own does. That is
 * looked at before a ledger of it is read, and again where the state is another folder than before,
 * as where a site was deleted and is put back. `listGrants` gives the uids of the grants there are.
 */
export function ledgersOfSite(
  ledgers: LedgerStore,
  paths: NamespacePaths,
  closed: ReadonlySet<string>,
  listGrants: () => Promise<string[]>,
): LedgerStore {
  let judged: { place: string; ofCopy: Promise<string[]> } | undefined;

  async function closedNow(): Promise<ReadonlySet<string>> {
    const uid = await siteUid(paths);
    const root = uid && siteStatePaths(paths, uid).root;
    const found = root && await unlessAbsent(stat(root));
    if (!root || !found) return closed;
    const place = `${root} ${found.ino} ${found.birthtimeMs}`;
    if (judged?.place !== place) judged = { place, ofCopy: closeGrantsOfCopy(root, listGrants) };
    const { ofCopy } = judged;
    try {
      return closed.union(new Set(await ofCopy));
    } catch (error) {
      if (judged.ofCopy === ofCopy) judged = undefined;
      throw error;
    }
  }

  return withoutClosed(ledgers, closedNow);
}

/** Has the sites of a data home taken for as they should be, as the home itself is. */
export async function trustSites(home: string): Promise<void> {
  for (const { name: namespace } of await listFolder(stateFolder(home))) {
    const state = join(stateFolder(home), namespace);
    for (const uid of await readdir(state).catch((): string[] => [])) {
      await rm(originFile(join(state, uid)), { force: true }).catch(() => {});
    }
  }
}
