import type { GrantBook } from "../grant_service/grant_book.ts";
import type { GrantAddresses } from "./grant_addresses.ts";
import type { ControllerHome } from "./home.ts";
import { errorFields, type Report } from "./log.ts";

/**
 * Takes in every grant before the first request comes: to a client, a grant that is not known yet
 * looks like one that is gone.
 */
export async function loadGrants(
  home: ControllerHome,
  book: GrantBook,
  addresses: GrantAddresses,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  for (const namespace of await home.namespaces(signal)) {
    try {
      const opened = await home.open(namespace);
      const address = await addresses.of(opened, signal);
      for (const grant of await opened.platform.list("AccessGrant", signal)) {
        if ((opened.claimGrant?.(grant, address) ?? "ours") !== "ours") continue;
        await book.upsert(grant, opened.backing).catch((error) =>
          report("grant-unreadable", {
            namespace,
            grant: grant.metadata.name,
            ...errorFields(error),
          })
        );
        if (grant.status?.url !== undefined) addresses.keep(grant.status.url);
      }
      // after its grants: of those that are there no ledger goes, even if the clock is days ahead
      await book.sweep(opened.backing);
    } catch (error) {
      report("namespace-unreadable", { namespace, ...errorFields(error) });
    }
  }
}
