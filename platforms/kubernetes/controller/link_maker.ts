import { makeUngrantedLink } from "../../../src/grant_service/ungranted_link.ts";
import type { LinkMaker } from "../../../src/platform/abilities.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { clusterGrantBacking } from "./grant_backing.ts";
import { LedgerSecrets } from "./ledger_secrets.ts";

/** Makes links to a namespace's site as its grants do, without one; `store` is the namespace's. */
export function clusterLinkMaker(store: Platform): LinkMaker {
  return {
    async make(name, signal) {
      const [sites, accesses] = await Promise.all([
        store.list("Site", signal),
        store.list("RouterAccess", signal),
      ]);
      const known = { sites: () => sites, routerAccesses: () => accesses };
      const backing = clusterGrantBacking(store, known, new LedgerSecrets(store, signal), signal);
      return await makeUngrantedLink(backing, name);
    },
  };
}
