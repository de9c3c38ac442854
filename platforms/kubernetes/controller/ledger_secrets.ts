import { Buffer } from "node:buffer";
import { appError, isAppError } from "../../../src/errors/app_error.ts";
import type { LedgerStore, StoredLedger } from "../../../src/grant_service/ledger/backing.ts";
import type { Ledger } from "../../../src/grant_service/ledger/ledger.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { apiVersion } from "../../../src/resources/resource.ts";
import type { Secret } from "../../../src/resources/secret.ts";
import { type Now, steadyNow } from "../../../src/runtime/clock.ts";
import { finalRedemptions } from "./final_redemptions.ts";
import { ClosedPage, type PageReference } from "./ledger_page.ts";
import { pack, unpack } from "./ledger_text.ts";
import { managedLabels } from "./managed_labels.ts";

/**
 * The fields of a Secret's data that hold a ledger: whole, or the head of one that has pages. A
 * program that knows of no pages takes a head for damaged, and gives nothing.
 */
const wholeField = "ledger";
const headField = "head";
const pageField = "page";

/** How many redemptions a head holds before a page is closed, and a page at most. */
export interface PageSizes {
  close: number;
  most: number;
}

const standardSizes: PageSizes = { close: 500, most: 4000 };

/** How long after a page could not be stored it is tried again, in milliseconds. */
const tryAgainMs = 5000;

/** The annotation of a ledger of which it is not known whether it was begun with its grant. */
const begunAnnotation = "hawser/begun";

export interface LedgerSecretsOptions {
  /** Gives AccessGrants as the cluster has them now; undefined: each is there. */
  grants?: Pick<Platform, "get">;
  sizes?: PageSizes;
  /** Milliseconds by a clock that nobody sets; the process' own by default. */
  steady?: Now;
}

/**
 * Ledgers as Secrets of the grants' namespace, owned by their AccessGrants: the cluster removes
 * them with the grant. The head `hawser-ledger-<grant uid>` is what replicas compare and set; pages
 * `hawser-ledger-<grant uid>-<checksum>` hold what changes no more, each naming the one before it,
 * and the head names the last. A page counts once the head names it: one that no head names, as
 * where a replica died or another was first, is taken if it is closed again, and else goes with the
 * grant.
 *
 * A ledger is begun only while its grant is there: a replica may hear late that a grant was
 * deleted, the ledger has gone with it, and a new one knows of no use. That is seen after the
 * write, since a grant that goes later takes the ledger along. Until then the Secret says so, and
 * whoever reads it looks first.
 */
export class LedgerSecrets implements LedgerStore {
  readonly #store: Platform;
  readonly #signal: AbortSignal;
  readonly #sizes: PageSizes;
  readonly #steady: Now;
  readonly #grants: Pick<Platform, "get"> | undefined;
  /** The pages read or closed last, by grant: they are closed for ever. */
  readonly #pages = new Map<string, WeakRef<ClosedPage>>();
  /** When a page may be tried again that could not be stored. */
  readonly #notBefore = new Map<string, number>();

  /** `store` is the namespace's. */
  constructor(store: Platform, signal: AbortSignal, options: LedgerSecretsOptions = {}) {
    const { grants, sizes = standardSizes, steady = steadyNow } = options;
    this.#store = store;
    this.#signal = signal;
    this.#grants = grants;
    this.#sizes = sizes;
    this.#steady = steady;
  }

  async read(grantUid: string): Promise<StoredLedger | undefined> {
    const secret = await this.#store.get("Secret", nameOf(grantUid), this.#signal);
    if (secret === undefined) return undefined;
    const { closed, ...ledger } = await readHead(secret).catch((cause) => {
      throw damaged(secret, cause);
    });
    if (begunAnnotation in (secret.metadata.annotations ?? {})) {
      if (!await this.#isThere(ledger)) return undefined;
    }
    const version = secret.metadata.resourceVersion!;
    if (closed === undefined) return { ledger, version };
    const known = this.#pages.get(grantUid)?.deref();
    try {
      const readPage = (page: PageReference) => this.#readPage(grantUid, page);
      const last = await ClosedPage.load(grantUid, closed, known, readPage);
      this.#pages.set(grantUid, new WeakRef(last));
      return { ledger: { ...ledger, closed: last }, version };
    } catch (cause) {
      if (isAppError(cause) || this.#signal.aborted) throw cause;
      throw damaged(secret, cause);
    }
  }

  async close(ledger: Ledger): Promise<Ledger> {
    const { grantUid, redemptions } = ledger;
    const { close, most } = this.#sizes;
    if (redemptions.length < close) return ledger;
    if (this.#steady() < (this.#notBefore.get(grantUid) ?? 0)) return ledger;
    const { final, others } = finalRedemptions(redemptions, most);
    if (final.length * 2 < close) return ledger;
    // what this store gave: there are no others
    const page = await ClosedPage.make(grantUid, final, ledger.closed as ClosedPage | undefined);
    try {
      await this.#storePage(ledger, page);
    } catch {
      // redemptions go on in the head, which has room for many more
      this.#notBefore.set(grantUid, this.#steady() + tryAgainMs);
      return ledger;
    }
    this.#pages.set(grantUid, new WeakRef(page));
    return { ...ledger, closed: page, redemptions: others };
  }

  async write(ledger: Ledger, version: string | undefined): Promise<string> {
    // the grant is gone, and its ledger went with it: there is nothing to keep it for
    if (version === undefined && ledger.revokedAt !== undefined) return "";
    const redemptions = ledger.redemptions.map(({ answer, ...redemption }) =>
      // each write holds all that is not closed, so delivered answers can be left out at once
      answer === undefined || redemption.delivered ? redemption : { ...redemption, answer }
    );
    const field = ledger.closed === undefined ? wholeField : headField;
    const bytes = await pack({ ...ledger, redemptions });
    const { grantUid, grantName } = ledger;
    const metadata = {
      name: nameOf(grantUid),
      resourceVersion: version ?? "",
      ...(version === undefined ? { annotations: { [begunAnnotation]: "" } } : {}),
    };
    let stored: Secret;
    try {
      const secret = secretOf(ledger, metadata, field, bytes);
      stored = await this.#store.apply<"Secret">(secret, this.#signal);
    } catch (error) {
      if (!isAppError(error, "conflict")) throw error;
      throw appError("conflict", { kind: "Ledger of access grant", name: grantName });
    }
    if (version === undefined && !await this.#isThere(ledger)) {
      const { namespace } = this.#store;
      throw appError("resource-not-found", { kind: "AccessGrant", name: grantName, namespace });
    }
    return stored.metadata.resourceVersion!;
  }

  /** Whether the grant of a ledger that was begun is there; if not, the ledger is taken back. */
  async #isThere(
    { grantName, grantUid }: Pick<Ledger, "grantName" | "grantUid">,
  ): Promise<boolean> {
    if (this.#grants === undefined) return true;
    const metadata = (await this.#grants.get("AccessGrant", grantName, this.#signal))?.metadata;
    // one that is being deleted may have lost its ledger already
    if (metadata?.uid === grantUid && metadata["deletionTimestamp"] === undefined) return true;
    await this.remove(grantUid);
    return false;
  }

  async remove(grantUid: string): Promise<void> {
    await this.#store.remove("Secret", nameOf(grantUid), this.#signal);
  }

  /** No ledger needs a sweep here. */
  list(): Promise<string[]> {
    return Promise.resolve([]);
  }

  async #storePage(ledger: Ledger, page: ClosedPage): Promise<void> {
    const { grantUid } = ledger;
    const metadata = { name: pageName(grantUid, page), resourceVersion: "" };
    const secret = secretOf(ledger, metadata, pageField, page.bytes);
    try {
      await this.#store.apply<"Secret">(secret, this.#signal);
    } catch (error) {
      if (!isAppError(error, "conflict")) throw error;
      // another replica, or this one where the answer was lost
      const found = await this.#readPage(grantUid, page);
      if (found === undefined || !found.equals(page.bytes)) throw error;
    }
  }

  async #readPage(grantUid: string, page: PageReference): Promise<Buffer | undefined> {
    const secret = await this.#store.get("Secret", pageName(grantUid, page), this.#signal);
    return secret && Buffer.from(secret.data?.[pageField] ?? "", "base64");
  }
}

function secretOf(
  { grantUid, grantName }: Ledger,
  metadata: Pick<Secret["metadata"], "name" | "resourceVersion" | "annotations">,
  field: string,
  bytes: Buffer,
): Secret {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      ...metadata,
      labels: managedLabels,
      ownerReferences: [{ apiVersion, kind: "AccessGrant", name: grantName, uid: grantUid }],
    },
    type: "hawser/ledger",
    data: { [field]: bytes.toString("base64") },
  };
}

type Head = Omit<Ledger, "closed"> & { closed?: PageReference };

async function readHead({ data }: Secret): Promise<Head> {
  const text = data?.[headField] ?? data?.[wholeField] ?? "";
  const head = await unpack(Buffer.from(text, "base64")) as Head | null;
  if (typeof head?.grantUid !== "string" || !Array.isArray(head.redemptions)) {
    throw new Error("it is no ledger");
  }
  const { closed } = head;
  const isPaged = Number.isSafeInteger(closed?.count) && typeof closed?.checksum === "string";
  if (closed !== undefined && !isPaged) throw new Error("it names no page");
  return head;
}

function damaged({ metadata }: Secret, cause: unknown) {
  return appError("ledger-damaged", { where: `Secret "${metadata.name}"` }, { cause });
}

function nameOf(grantUid: string): string {
  return `hawser-ledger-${grantUid}`;
}

/** 64 bits tell the pages of one grant apart; who reads one compares all of its checksum. */
function pageName(grantUid: string, { checksum }: PageReference): string {
  return `${nameOf(grantUid)}-${checksum.slice(0, 16)}`;
}
