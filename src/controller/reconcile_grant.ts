import { isDeepStrictEqual } from "node:util";
import { type AppError, isAppError } from "../errors/app_error.ts";
import type { Audit } from "../grant_service/audit.ts";
import type { GrantBacking } from "../grant_service/ledger/backing.ts";
import type { GrantBook } from "../grant_service/grant_book.ts";
import { isDamage } from "../grant_service/ledger/grant_record.ts";
import {
  type AccessGrant,
  chosenCode,
  defaultExpirationWindow,
  grantsDisabled,
} from "../resources/access_grant.ts";
import { hiddenValue } from "../resources/hidden_value.ts";
import { isReady } from "../resources/resource.ts";
import { randomCode } from "../resources/names.ts";
import type { Site } from "../resources/site.ts";
import { type Now, sleep } from "../runtime/clock.ts";
import { parseDuration } from "../wait/duration.ts";
import { errorState, formatTime, nextCondition, pendingState, readyState } from "./conditions.ts";
import type { Announce } from "./announcement.ts";
import type { GrantAddresses } from "./grant_addresses.ts";
import type { Change, ControllerHome, ControllerNamespace, GrantAddress } from "./home.ts";
import type { Outcome } from "./queue.ts";

/** How soon a status that others keep changing is looked at again. */
const lookAgainMs = 100;

/** How soon a grant is looked at again that no link can be made with, in milliseconds. */
const problemAgainMs = 2000;

/** How soon it is looked again whether there is a site, in milliseconds. */
const siteAgainMs = 5000;

/** The longest duration Go can hold, in milliseconds. */
const longestWindowMs = 9_223_372_036_854;

/** What reconciling a grant needs. */
export interface GrantWork {
  home: ControllerHome;
  book: GrantBook;
  audit: Audit;
  /** False where other replicas serve the same grants. */
  isAlone: boolean;
  /** The authority that this replica has put into each grant, by namespace and name. */
  written: Map<string, string>;
  announce?: Announce | undefined;
  addresses: Pick<GrantAddresses, "of">;
  now: Now;
  /**
   * What is over for certain, in milliseconds since 1970: a grant that expired before is removed.
   */
  settled: Now;
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
  const status = nextStatus(grant, {
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
  if (!isDeepStrictEqual(status, grant.status)) {
    const issued = !isReady(grant) && isReady({ ...grant, status });
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
  // what its authority lacks may come without any resource being changed
  return problem !== undefined && work.isAlone ? { againInMs: problemAgainMs } : {};
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

type GrantStatus = NonNullable<AccessGrant["status"]>;

interface Circumstances {
  site: Site | undefined;
  namespace: string;
  address: GrantAddress;
  /** What is wrong though there is a site. */
  problem: string | undefined;
  spent: number;
  /** What is wrong with its ledger. */
  damage: string | undefined;
  now: number;
}

function nextStatus(grant: AccessGrant, { site, address, ...around }: Circumstances): GrantStatus {
  const before = grant.status ?? {};
  const windowMs = expirationWindowMs(grant);
  const problems = [
    ...(site?.spec?.edge === true
      ? ["Edge sites cannot accept incoming links from remote sites"]
      : []),
    ...(typeof windowMs === "string" ? [windowMs] : []),
    ...((grant.spec?.redemptionsAllowed ?? 0) < 0
      ? [`Invalid redemptionsAllowed ${grant.spec?.redemptionsAllowed}: it must not be negative`]
      : []),
    // everybody knows the mark: as a code it would let anybody redeem
    ...(grant.spec?.code === hiddenValue
      ? ["spec.code is hidden, and no value: it was printed without --show-secrets"]
      : []),
  ];
  const processed = problems.length > 0 ? errorState(problems.join(", ")) : readyState;
  const resolved = site === undefined
    ? pendingState(`There is no site in namespace "${around.namespace}"`)
    : address.url === undefined
    ? pendingState("No address of the grant service is known, give one with --grant-host")
    : around.problem !== undefined
    ? pendingState(around.problem)
    : readyState;
  // when it was processed stays as it is: the expiry is counted from there
  const served = around.damage === undefined ? resolved : errorState(around.damage);
  const ready = processed.status === "True" ? served : processed;
  const processedCondition = nextCondition(grant, "Processed", processed, around.now);
  const expirationTime = processed.status === "True"
    ? formatTime(Date.parse(processedCondition.lastTransitionTime) + Number(windowMs))
    : before.expirationTime;
  return {
    ...before,
    conditions: [
      processedCondition,
      nextCondition(grant, "Ready", ready, around.now),
      nextCondition(grant, "Resolved", resolved, around.now),
    ],
    status: ready.reason,
    // a controller that does not serve grants insists on this message; what is ready shows in the
    // conditions
    message: before.message === grantsDisabled ? grantsDisabled : ready.message,
    ...(address.url === undefined ? {} : { url: `${address.url}/${grant.metadata.uid}` }),
    ca: address.ca,
    code: chosenCode(grant) || before.code || randomCode(),
    redemptions: Math.max(around.spent, before.redemptions ?? 0),
    ...(expirationTime === undefined ? {} : { expirationTime }),
  };
}

/** The grant's window in milliseconds, or what is wrong with it, in upstream's words. */
function expirationWindowMs(grant: AccessGrant): number | string {
  const text = grant.spec?.expirationWindow || defaultExpirationWindow;
  const ms = parseDuration(text);
  if (ms === undefined || ms > longestWindowMs) {
    return `Invalid duration "${text}": it must look like 15m or 1h30m`;
  }
  return ms < 0 ? `Invalid duration "${text}": it must not be negative` : ms;
}
