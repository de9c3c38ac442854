import { isDeepStrictEqual } from "node:util";
import { type AppError, isAppError } from "../errors/app_error.ts";
import type { Audit } from "../grant_service/audit.ts";
import type { GrantBacking } from "../grant_service/ledger/backing.ts";
import type { GrantBook } from "../grant_service/grant_book.ts";
import { isDamage } from "../grant_service/ledger/grant_record.ts";
import { type AccessGrant } from "../resources/access_grant.ts";
import { findCondition, isReady } from "../resources/resource.ts";
import type { Site } from "../resources/site.ts";
import { type Now, sleep } from "../runtime/clock.ts";
import type { Announce } from "./announcement.ts";
import type { GrantAddresses } from "./grant_addresses.ts";
import { nextGrantStatus } from "./grant_status.ts";
import type { Change, ControllerHome, ControllerNamespace } from "./home.ts";
import type { Outcome } from "./queue.ts";

/** How soon a status that others keep changing is looked at again. */
const lookAgainMs = 100;

/** How soon a grant is looked at again that no link can be made with, in milliseconds. */
const problemAgainMs = 2000;

/** How soon it is looked again whether there is a site, in milliseconds. */
const siteAgainMs = 5000;

/** What reconciling a grant needs. */
export interface GrantWork {
  home: ControllerHome;
  book: GrantBook;
  audit: Audit;
  /** False where other replicas serve the same grants. */
  isAlone: boolean;
  /** The authority that this replica has put into each grant, by namespace and name. */
  written: Map<string, string>;
  /** The uids of the grants that are issued, by namespace and name. */
  issued: Map<string, string>;
  announce?: Announce | undefined;
  addresses: Pick<GrantAddresses, "of">;
  now: Now;
  /**
   * What is over for certain, in milliseconds since 1970: a grant that expired before is removed.
   */
  settled: Now;
}

/** What is known of grants before any was looked at. */
export function noGrantsYet(): Pick<GrantWork, "written" | "issued"> {
  return { written: new Map(), issued: new Map() };
}

/**
 * Brings an AccessGrant's status to what its spec, its ledger and this service ask for, and serves
 * it. A grant that is gone, or that expired a day ago for certain, is no longer served. Statuses as
 * in docs/spec/skupper-kubernetes.md 2.6. Throws `conflict` if another write was first: look again.
 */
export async function reconcileGrant(
  change: Change,
  work: GrantWork,
  signal: AbortSignal,
): Promise<Outcome> {
  const namespace = await work.home.open(change.namespace);
  const { platform, backing } = namespace;
  const grant = await platform.get("AccessGrant", change.name, signal);
  if (grant === undefined) {
    work.written.delete(keyOf(change));
    work.issued.delete(keyOf(change));
    return await letGo(work.book, change);
  }
  const { uid } = grant.metadata;
  // a place that has no site yet can't store it; it is looked at again when there is one
  if (!uid) return {};
  const address = await work.addresses.of(namespace, signal);
  const claim = namespace.claimGrant?.(grant, address) ?? "ours";
  if (claim === "theirs") return await handOver(change, namespace, work, signal);
  if (claim !== "ours") return claim;
  const { spent, damage } = await takeIn(work.book, grant, backing);
  const site = chooseSite(await platform.list("Site", signal));
  const problem = site && await namespace.whyNotLinkable?.(grant);
  const ca = authorityFor(grant, address.ca, change, work);
  const status = nextGrantStatus(grant, {
    site,
    namespace: change.namespace,
    address: { ...address, ca },
    problem,
    spent,
    damage,
    now: work.now(),
  });
  if (Date.parse(status.expirationTime ?? "") <= work.settled()) {
    await platform.remove("AccessGrant", change.name, signal);
    await work.book.remove(change.namespace, change.name);
    await backing.ledgers.remove(uid);
    work.announce?.({
      about: { ...change, uid },
      reason: "Removed",
      message: "It expired more than a day ago",
      isProblem: false,
    });
    return {};
  }
  const isNowReady = isReady({ ...grant, status });
  if (!isDeepStrictEqual(status, grant.status)) {
    const issued = isNowReady && !isIssued(grant, work.issued.get(keyOf(change)));
    // first served, then announced: a token may be issued and redeemed as soon as the status is
    // written;
    // among replicas another may be first, and give the grant another code
    if (work.isAlone) await takeIn(work.book, { ...grant, status }, backing);
    const stored = await platform.apply<"AccessGrant">({ ...grant, status }, signal);
    if (!work.isAlone) await takeIn(work.book, stored, backing);
    const { namespace, name } = change;
    if (issued) work.audit({ event: "issued", namespace, grant: name, uid });
    if (status.status === "Error") {
      const message = status.message ?? "";
      work.announce?.({ about: { ...change, uid }, reason: "Invalid", message, isProblem: true });
    }
  }
  work.written.set(keyOf(change), address.ca);
  if (isNowReady) work.issued.set(keyOf(change), uid);
  // what its authority lacks may come without any resource being changed
  return problem !== undefined && work.isAlone ? { againInMs: problemAgainMs } : {};
}

/**
 * True if the grant was ready before: it is, or the same uid was seen to be issued here, or it fell
 * from that later than it was processed, as where link access was taken away. One that has never
 * been ready is so since its first look.
 */
function isIssued(grant: AccessGrant, issuedUid: string | undefined): boolean {
  if (isReady(grant) || issuedUid === grant.metadata.uid) return true;
  const [fell, processed] = ["Ready", "Processed"].map((type) =>
    Date.parse(findCondition(grant, type)?.lastTransitionTime ?? "")
  );
  return fell! > processed!;
}

/**
 * The authority that the grant is to name: this replica's own, which it writes over another's once.
 * While a new certificate is rolled out, replicas with the one of before would write for ever.
 */
function authorityFor(
  { status }: AccessGrant,
  own: string,
  change: Change,
  { isAlone, written }: GrantWork,
): string {
  const isWritten = written.get(keyOf(change)) === own;
  return isAlone || !isWritten || status?.ca === undefined ? own : status.ca;
}

function keyOf({ namespace, name }: Change): string {
  return `${namespace}/${name}`;
}

/**
 * Has the grant served; of one whose ledger is damaged it says so instead of how many uses are
 * spent.
 */
async function takeIn(
  book: GrantBook,
  grant: AccessGrant,
  backing: GrantBacking,
): Promise<{ spent: number; damage?: string }> {
  try {
    await book.upsert(grant, backing);
    return { spent: await book.usesSpent(grant.metadata.uid!) ?? 0 };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { spent: 0, damage: (error.cause as AppError).message };
  }
}

/**
 * Ends the service of a grant that is gone. Where its site went with it, so did its ledger: that it
 * was revoked is on record once there is another site, and either may be away for a moment.
 */
async function letGo(book: GrantBook, { namespace, name }: Change): Promise<Outcome> {
  try {
    await book.remove(namespace, name);
    return {};
  } catch (error) {
    if (!isAppError(error, "ledger-failed") || !isAppError(error.cause, "site-missing")) {
      throw error;
    }
    return { againInMs: siteAgainMs };
  }
}

/**
 * Ends the service of a grant that another controller serves from now on. What was given here
 * counts there too: nobody lowers status.redemptions.
 */
async function handOver(
  change: Change,
  { platform }: ControllerNamespace,
  { book }: GrantWork,
  signal: AbortSignal,
): Promise<Outcome> {
  const spent = await book.release(change.namespace, change.name);
  while (spent !== undefined) {
    const grant = await platform.get("AccessGrant", change.name, signal);
    if (grant === undefined || (grant.status?.redemptions ?? 0) >= spent) break;
    try {
      const status = { ...grant.status, redemptions: spent };
      await platform.apply<"AccessGrant">({ ...grant, status }, signal);
    } catch (error) {
      if (!isAppError(error, "conflict")) throw error;
      await sleep(lookAgainMs, signal);
    }
  }
  return {};
}

/** The site the grant is for: edge sites take no links, so any other one goes before them. */
function chooseSite(sites: Site[]): Site | undefined {
  return sites.find((site) => site.spec?.edge !== true) ?? sites[0];
}
