import type { GrantBook } from "../grant_service/grant_book.ts";
import type { GrantAddresses } from "./grant_addresses.ts";
import type { ControllerHome } from "./home.ts";
import { errorFields, type Report } from "./log.ts";

/** What grants are taken in from, and by whom. */
export interface GrantLoading {
  home: ControllerHome;
  book: GrantBook;
  addresses: GrantAddresses;
  report: Report;
}

/**
 * Takes in every grant before the first request comes: to a client, a grant that is not known yet
 * looks like one that is gone.
 */
export class GrantLoader {
  readonly #parts: GrantLoading;
  readonly #unread = new Set<string>();

  constructor(parts: GrantLoading) {
    this.#parts = parts;
  }

  /** False while there are namespaces that could not be read: what is unknown may be there. */
  get isComplete(): boolean {
    return this.#unread.size === 0;
  }

  /** Throws where it can't be told which namespaces there are. */
  async load(signal: AbortSignal): Promise<void> {
    for (const namespace of await this.#parts.home.namespaces(signal)) {
      await this.#loadOne(namespace, signal);
    }
  }

  /** Tries those namespaces once more that could not be read. */
  async loadRest(signal: AbortSignal): Promise<void> {
    for (const namespace of [...this.#unread]) await this.#loadOne(namespace, signal);
  }

  async #loadOne(namespace: string, signal: AbortSignal): Promise<void> {
    const { home, book, addresses, report } = this.#parts;
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
      this.#unread.delete(namespace);
    } catch (error) {
      if (!this.#unread.has(namespace)) {
        report("namespace-unreadable", { namespace, ...errorFields(error) });
      }
      this.#unread.add(namespace);
    }
  }
}
