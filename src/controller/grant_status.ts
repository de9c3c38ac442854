import {
  type AccessGrant,
  chosenCode,
  defaultExpirationWindow,
  grantsDisabled,
} from "../resources/access_grant.ts";
import { hiddenValue } from "../resources/hidden_value.ts";
import { randomCode } from "../resources/names.ts";
import type { Site } from "../resources/site.ts";
import { parseDuration } from "../wait/duration.ts";
import { errorState, formatTime, nextCondition, pendingState, readyState } from "./conditions.ts";
import type { GrantAddress } from "./home.ts";

/** The longest duration Go can hold, in milliseconds. */
const longestWindowMs = 9_223_372_036_854;

type GrantStatus = NonNullable<AccessGrant["status"]>;

/** What a grant's status is told from, beside the grant. */
interface Circumstances {
  site: Site | undefined;
  namespace: string;
  address: GrantAddress;
  /** What is wrong though there is a site. */
  problem: string | undefined;
  spent: number;
  /** What is wrong with its ledger. */
  damage: string | undefined;
  /** In milliseconds since 1970. */
  now: number;
}

/** The status that an AccessGrant gets in its circumstances, in upstream's shapes and words. */
export function nextGrantStatus(
  grant: AccessGrant,
  { site, address, ...around }: Circumstances,
): GrantStatus {
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
