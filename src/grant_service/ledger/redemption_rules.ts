import { type AccessGrant, redemptionsAllowed } from "../../resources/access_grant.ts";
import type { AnswerAges } from "./answer_ages.ts";
import { type Ledger, type Redemption, usesSpent } from "./ledger.ts";
import { addRedemption, changeRedemptions, type Claimant, findLast } from "./redemption_list.ts";

/**
 * How long an answer that was not delivered is given again, in milliseconds since this process has
 * known of it: another process begins anew, so that no step of a clock and no restart takes an
 * answer away.
 */
export const repeatWindowMs = 120_000;

/** What a grant allows. */
export interface GrantTerms {
  usesAllowed: number;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** The terms of a grant; `expiresAt` is NaN where its status has no valid time. */
export function termsOf(grant: AccessGrant): GrantTerms {
  return {
    usesAllowed: redemptionsAllowed(grant),
    expiresAt: Date.parse(grant.status?.expirationTime ?? ""),
  };
}

/**
 * How long the others of several services leave an answer to the one that hands it out, in
 * milliseconds since they have seen that it does: it has given up by then.
 */
const holdMs = 12_000;

/** Why a grant gives no more uses. */
export type Closed = "revoked" | "expired" | "used-up";

/**
 * What a holder of the code is due: a new use, what it was due before, or nothing. "later"
 * where that depends on an answer that another service is handing out.
 */
export type Ruling =
  | { due: "use" }
  | { due: "repeat"; redemption: Redemption }
  | { due: "later" }
  | { due: "nothing"; reason: Closed };

/** Who rules, and when. */
export interface RulingPlace {
  /** Milliseconds since 1970. */
  now: number;
  ages: AnswerAges;
  /** The service, where several share the ledger. */
  service?: string | undefined;
}

/**
 * Rules on a redemption (docs/spec/design.md 5.2). A redeemer that was given a use and has not
 * taken the answer is due that answer. It costs no further use, and it is due even if the grant has
 * expired or is used up.
 */
export function ruleOn(
  ledger: Ledger,
  terms: GrantTerms,
  claimant: Claimant,
  { now, ages, service }: RulingPlace,
): Ruling {
  const reason = whyClosed(ledger, terms, now);
  if (reason === "revoked") return { due: "nothing", reason };
  const redemption = findRepeatable(ledger, claimant, ages);
  if (redemption !== undefined) {
    return isHeldElsewhere(redemption, service, ages)
      ? { due: "later" }
      : { due: "repeat", redemption };
  }
  return reason === undefined ? { due: "use" } : { due: "nothing", reason };
}

/** Why the grant gives no more uses, or undefined if it does. */
export function whyClosed(ledger: Ledger, terms: GrantTerms, now: number): Closed | undefined {
  if (ledger.revokedAt !== undefined) return "revoked";
  if (now >= terms.expiresAt) return "expired";
  return usesSpent(ledger) >= terms.usesAllowed ? "used-up" : undefined;
}

/**
 * The ledger in which at least so many uses are spent: another record may say more than it, as
 * where it was put back from a copy, and of several records the highest is right.
 */
export function raiseSpent(ledger: Ledger, uses: number): Ledger {
  const missing = uses - usesSpent(ledger);
  return missing > 0 ? { ...ledger, counted: ledger.counted + missing } : ledger;
}

/** The ledger with one more use spent. */
export function spendUse(ledger: Ledger, terms: GrantTerms, redemption: Redemption): Ledger {
  const redemptions = addRedemption(ledger.redemptions, redemption);
  return { ...ledger, expiresAt: formatExpiry(terms), redemptions };
}

/**
 * The redemption with its answer, if one is kept, held by the service for as long as it may need.
 */
export function hold(redemption: Redemption, service: string, now: number): Redemption {
  if (redemption.answer === undefined) return redemption;
  return { ...redemption, heldBy: service, heldUntil: new Date(now + holdMs).toISOString() };
}

/** The ledger in which the service holds the answer of that serial number. */
export function holdAnswer(ledger: Ledger, serial: string, service: string, now: number): Ledger {
  return changeAnswers(
    ledger,
    (redemption) => redemption.serial === serial,
    (redemption) => hold(redemption, service, now),
  );
}

/** The ledger in which the service has let go of the answer of that serial number. */
export function releaseAnswer(ledger: Ledger, serial: string, service: string): Ledger {
  return changeAnswers(
    ledger,
    (redemption) => redemption.serial === serial && redemption.heldBy === service,
    ({ heldBy: _by, heldUntil: _until, ...redemption }) => redemption,
  );
}

/** The ledger with the answers of those serial numbers marked as delivered. */
export function markDelivered(ledger: Ledger, serials: ReadonlySet<string>): Ledger {
  return changeAnswers(
    ledger,
    ({ answer, delivered, serial }) => answer !== undefined && !delivered && serials.has(serial),
    (redemption) => ({ ...redemption, delivered: true }),
  );
}

/** The ledger without the answers that will not be given again: all, where no ages are given. */
export function eraseAnswers(ledger: Ledger, ages?: AnswerAges): Ledger {
  return changeAnswers(
    ledger,
    (redemption) =>
      redemption.answer !== undefined && !(ages !== undefined && isAwaited(redemption, ages)),
    withoutAnswer,
  );
}

/** How soon the next answer is to be erased, in milliseconds; undefined if none is kept. */
export function nextErasureIn(
  redemptions: readonly Redemption[],
  ages: AnswerAges,
): number | undefined {
  let oldest: number | undefined;
  for (const redemption of redemptions) {
    if (redemption.answer === undefined) continue;
    oldest = Math.max(oldest ?? 0, ages.ofAnswer(redemption));
  }
  return oldest === undefined ? undefined : Math.max(0, repeatWindowMs - oldest);
}

/** The ledger of a grant that was taken away: without answers, and from now on revoked. */
export function revoke(
  ledger: Ledger,
  terms: GrantTerms,
  codeHash: string,
  now: number,
): Ledger {
  if (ledger.revokedAt !== undefined) return ledger;
  const revokedAt = new Date(now).toISOString();
  const expiresAt = formatExpiry(terms);
  return { ...eraseAnswers(ledger), revokedAt, codeHash, expiresAt };
}

function formatExpiry({ expiresAt }: GrantTerms): string {
  return new Date(expiresAt).toISOString();
}

/**
 * What has its own key can be signed again at any time; an answer with a key in it is kept for a
 * while.
 */
function findRepeatable(
  ledger: Ledger,
  claimant: Claimant,
  ages: AnswerAges,
): Redemption | undefined {
  const last = findLast(ledger.redemptions, claimant) ??
    (claimant.keyHash === undefined ? undefined : ledger.closed?.find(claimant.keyHash));
  return last?.keyHash !== undefined || last && isAwaited(last, ages) ? last : undefined;
}

function isAwaited(redemption: Redemption, ages: AnswerAges): boolean {
  return redemption.answer !== undefined && !redemption.delivered &&
    ages.ofAnswer(redemption) < repeatWindowMs;
}

function isHeldElsewhere(
  redemption: Redemption,
  service: string | undefined,
  ages: AnswerAges,
): boolean {
  const { heldBy } = redemption;
  return heldBy !== undefined && heldBy !== service && ages.ofHold(redemption) < holdMs;
}

function withoutAnswer(
  { answer: _, heldBy: _by, heldUntil: _until, ...redemption }: Redemption,
): Redemption {
  return redemption;
}

/** The same ledger if nothing is to be changed. */
function changeAnswers(
  ledger: Ledger,
  isToChange: (redemption: Redemption) => boolean,
  change: (redemption: Redemption) => Redemption,
): Ledger {
  const redemptions = changeRedemptions(ledger.redemptions, isToChange, change);
  return redemptions === ledger.redemptions ? ledger : { ...ledger, redemptions };
}
