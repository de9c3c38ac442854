import { makeUngrantedLink } from "../../../src/grant_service/ungranted_link.ts";
import type { GrantBacking } from "../../../src/grant_service/ledger/backing.ts";
import { describeSigning } from "../../../src/grant_service/signing.ts";
import type { LinkMaker, SigningProbe } from "../../../src/platform/abilities.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { clusterGrantBacking } from "./grant_backing.ts";
import { LedgerSecrets } from "./ledger_secrets.ts";

/** Makes links to a namespace's site as its grants do, without one; `store` is the namespace's. */
export function clusterLinkMaker(store: Platform): LinkMaker & SigningProbe {
  return {
    make: async (name, signal) => await makeUngrantedLink(await backing(signal), name),
    signing: async (signal) => await describeSigning(() => backing(signal)),
  };

  async function backing(signal: AbortSignal): Promise<GrantBacking> {
    const [sites, accesses] = await Promise.all([
      store.list("Site", signal),
      store.list("RouterAccess", signal),
    ]);
    const known = { sites: () => sites, routerAccesses: () => accesses };
    return clusterGrantBacking(store, known, new LedgerSecrets(store, signal), signal);
  }
}
