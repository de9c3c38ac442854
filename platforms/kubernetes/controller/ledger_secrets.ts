import { appError, isAppError } from "../../../src/errors/app_error.ts";
import type { LedgerStore, StoredLedger } from "../../../src/grant_service/ledger/backing.ts";
import type { Ledger } from "../../../src/grant_service/ledger/ledger.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { apiVersion } from "../../../src/resources/resource.ts";
import type { Secret } from "../../../src/resources/secret.ts";
import { managedLabels } from "./managed_labels.ts";
import { readLedger, writeLedger } from "./ledger_text.ts";

/** The field of the Secret's data that holds the ledger. */
const field = "ledger";

/**
 * Ledgers as Secrets `hawser-ledger-<grant uid>` of the grants' namespace, owned by their
 * AccessGrants: the cluster removes them with the grant. The version is the Secret's; every replica
 * may write.
 */
export class LedgerSecrets implements LedgerStore {
  readonly #store: Platform;
  readonly #signal: AbortSignal;

  /** `store` is the namespace's. */
  constructor(store: Platform, signal: AbortSignal) {
    this.#store = store;
    this.#signal = signal;
  }

  async read(grantUid: string): Promise<StoredLedger | undefined> {
    const secret = await this.#store.get("Secret", nameOf(grantUid), this.#signal);
    if (secret === undefined) return undefined;
    try {
      const ledger = await readLedger(secret.data?.[field] ?? "");
      return { ledger, version: secret.metadata.resourceVersion! };
    } catch (cause) {
      const where = `Secret "${secret.metadata.name}"`;
      throw appError("ledger-damaged", { where }, { cause });
    }
  }

  async write(ledger: Ledger, version: string | undefined): Promise<string> {
    // the grant is gone, and its ledger went with it: there is nothing to keep it for
    if (version === undefined && ledger.revokedAt !== undefined) return "";
    const secret: Secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: nameOf(ledger.grantUid),
        labels: managedLabels,
        ownerReferences: [
          { apiVersion, kind: "AccessGrant", name: ledger.grantName, uid: ledger.grantUid },
        ],
        resourceVersion: version ?? "",
      },
      type: "hawser/ledger",
      data: { [field]: await writeLedger(ledger) },
    };
    try {
      const stored = await this.#store.apply<"Secret">(secret, this.#signal);
      return stored.metadata.resourceVersion!;
    } catch (error) {
      if (!isAppError(error, "conflict")) throw error;
      throw appError("conflict", { kind: "Ledger of access grant", name: ledger.grantName });
    }
  }

  async remove(grantUid: string): Promise<void> {
    await this.#store.remove("Secret", nameOf(grantUid), this.#signal);
  }

  /** No ledger needs a sweep here. */
  list(): Promise<string[]> {
    return Promise.resolve([]);
  }
}

function nameOf(grantUid: string): string {
  return `hawser-ledger-${grantUid}`;
}
