import { appError } from "../../../src/errors/app_error.ts";
import type { LedgerStore } from "../../../src/grant_service/ledger/backing.ts";
import type { Ledger } from "../../../src/grant_service/ledger/ledger.ts";
import type { Platform } from "../../../src/platform/platform.ts";

/**
 * The ledgers, of which one is begun only while its grant is there: where a replica hears late that
 * a grant was deleted, the ledger has gone with it, and a new one would know of no use.
 * `grants` gives AccessGrants as the cluster has them now.
 */
export function begunWithGrants(
  ledgers: Required<LedgerStore>,
  grants: Pick<Platform, "get" | "namespace">,
  signal: AbortSignal,
): LedgerStore {
  /** Throws `resource-not-found`, and takes the ledger back, if its grant is gone. */
  async function requireGrant({ grantName: name, grantUid }: Ledger): Promise<void> {
    const grant = await grants.get("AccessGrant", name, signal);
    if (grant?.metadata.uid === grantUid) return;
    await ledgers.remove(grantUid);
    const { namespace } = grants;
    throw appError("resource-not-found", { kind: "AccessGrant", name, namespace });
  }

  return {
    read: (uid) => ledgers.read(uid),
    close: (ledger) => ledgers.close(ledger),
    remove: (uid) => ledgers.remove(uid),
    list: () => ledgers.list(),
    async write(ledger, version) {
      const written = await ledgers.write(ledger, version);
      // seen after the write: a grant that goes later takes the ledger with it
      if (version === undefined && written !== "") await requireGrant(ledger);
      return written;
    },
  };
}
