import { isDeepStrictEqual } from "node:util";
import type { ErrorCode } from "../errors/catalog.ts";
import { AppError, isAppError } from "../errors/app_error.ts";
import { type AccessToken, isFinished } from "../resources/access_token.ts";
import type { Now } from "../runtime/clock.ts";
import { probeToken } from "../token/redeem_client.ts";
import { doubtfulRefusals, finalRefusals, redeemToken } from "../token/redeem.ts";
import { checkToken } from "../token/token_file.ts";
import { markToken } from "../token/token_mark.ts";
import { startDeadline } from "../wait/deadline.ts";
import {
  type ConditionState,
  errorState,
  nextCondition,
  pendingState,
  readyState,
} from "./conditions.ts";
import type { Announce } from "./announcement.ts";
import type { Change, ControllerHome, ControllerNamespace } from "./home.ts";
import type { Report } from "./log.ts";
import { putToUse } from "./put_to_use.ts";
import type { Outcome } from "./queue.ts";

/** What reconciling a token needs. */
export interface TokenWork {
  home: ControllerHome;
  report: Report;
  announce?: Announce | undefined;
  /** The urls of the tokens that are being redeemed. */
  busy: Set<string>;
  /**
   * What came of tokens, until their statuses say it: a try is not made again because its outcome
   * could not be written. By namespace and name.
   */
  unwritten: Map<string, Unwritten>;
  /** For the proxy settings of the request. */
  env: Record<string, string | undefined>;
  now: Now;
}

/** What is known of tokens before any was tried. */
export function noTokensYet(): Pick<TokenWork, "busy" | "unwritten"> {
  return { busy: new Set(), unwritten: new Map() };
}

/** What came of a try. */
interface Tried {
  state: ConditionState;
  /** Why it is to be tried again. */
  again?: unknown;
  keepsKey?: boolean;
}

/** The last try of a token's spec. */
interface Unwritten extends Tried {
  uid: string;
  generation: number | undefined;
}

/** One try, from the first connection to the stored link; upstream's clients wait no longer. */
const tryLimitMs = 10_000;

/**
 * How soon a token is looked at again whose grant another token is being redeemed at, in
 * milliseconds.
 */
const lookAgainMs = 200;

/** Failures that no further try can mend: only another token can. */
const finalCodes: ErrorCode[] = [
  ...doubtfulRefusals,
  ...finalRefusals,
  "token-file-invalid",
  "name-taken",
  "token-own",
];

/**
 * Redeems an AccessToken once, with the outcome in its status (docs/spec/skupper-kubernetes.md
 * 4.2), and takes it out of the way. What may pass is noted in the status too, and thrown to be
 * tried again.
 */
export async function reconcileToken(
  change: Change,
  work: TokenWork,
  signal: AbortSignal,
): Promise<Outcome> {
  const namespace = await work.home.open(change.namespace);
  const token = await namespace.platform.get("AccessToken", change.name, signal);
  // what has no uid lies in a place without a site, and is looked at again when there is one
  if (!token?.metadata.uid) {
    work.unwritten.delete(`${change.namespace}/${change.name}`);
    return {};
  }
  if (!isFinished(token)) {
    const url = token.spec?.url ?? "";
    // upstream's service, asked twice at once with one grant, counts uses that it does not give
    if (work.busy.has(url)) return { againInMs: lookAgainMs };
    work.busy.add(url);
    try {
      const outcome = await finish(change, token, namespace, work, signal);
      if (outcome !== undefined) return outcome;
    } finally {
      work.busy.delete(url);
    }
  }
  await namespace.retireToken?.(change.name, signal);
  return {};
}

/** Tries the token if it is ours. Returns what is left to do, or undefined if nothing is. */
async function finish(
  change: Change,
  token: AccessToken,
  namespace: ControllerNamespace,
  work: TokenWork,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const claim = await namespace.claimToken?.(token, signal) ?? "ours";
  if (claim !== "ours") return claim === "theirs" ? {} : claim;
  const { state, again, keepsKey } = await tryOnce(token, namespace, work, signal);
  const isNews = await writeStatus(token, state, namespace, work, signal);
  work.unwritten.delete(keyOf(token, namespace));
  if (isNews) tell(change, token.metadata.uid!, state, work);
  if (again !== undefined) throw again;
  if (state.reason === "Pending") return {};
  if (!keepsKey) await forgetKey(token, namespace, signal);
  return undefined;
}

/** Puts an outcome on record, and announces it. */
function tell(change: Change, uid: string, state: ConditionState, work: TokenWork): void {
  const { namespace, name } = change;
  const isRedeemed = state.status === "True";
  if (state.reason !== "Pending") {
    const event = isRedeemed ? "token-redeemed" : "token-not-redeemed";
    work.report(event, { namespace, name, reason: state.message });
  }
  work.announce?.({
    about: { ...change, uid },
    reason: isRedeemed ? "Redeemed" : state.reason === "Pending" ? "NotYetRedeemed" : "Refused",
    message: isRedeemed ? `Link "${name}" was created` : state.message,
    isProblem: !isRedeemed,
  });
}

/**
 * What is redeemed, or never can be, needs no key any more. Else a use may have been given to this
 * key by an answer that was lost: what says no now may be a service that has lost sight of the
 * grant, or a proxy in front of it, or another may have taken the name meanwhile. The token put in
 * again goes on with that use.
 */
async function forgetKey(
  token: AccessToken,
  { pendingKeys }: ControllerNamespace,
  signal: AbortSignal,
): Promise<void> {
  const { spec } = token;
  if (spec !== undefined) await pendingKeys.forget(markToken({ ...token, spec }), signal);
}

/** As `tryToken`; what came of its last try where that is not written yet. */
async function tryOnce(
  token: AccessToken,
  namespace: ControllerNamespace,
  work: TokenWork,
  signal: AbortSignal,
): Promise<Tried> {
  const { uid = "", generation } = token.metadata;
  const key = keyOf(token, namespace);
  const before = work.unwritten.get(key);
  if (before?.uid === uid && before.generation === generation) return before;
  const tried = await tryToken(token, namespace, work, signal);
  // before its status says that it is redeemed: who is killed in between does it again
  if (tried.state.status === "True") {
    await putToUse(token.metadata.name, namespace, work.report, signal);
  }
  if (tried.again === undefined && tried.state.reason !== "Pending") {
    work.unwritten.set(key, { ...tried, uid, generation });
  }
  return tried;
}

function keyOf({ metadata }: AccessToken, { platform }: ControllerNamespace): string {
  return `${platform.namespace}/${metadata.name}`;
}

async function tryToken(
  token: AccessToken,
  { platform, pendingKeys }: ControllerNamespace,
  { env, now }: TokenWork,
  signal: AbortSignal,
): Promise<Tried> {
  const deadline = startDeadline(tryLimitMs, signal);
  try {
    const options = { deadline, env, now, pendingKeys };
    await redeemToken(platform, token, options, () => {});
    return { state: readyState };
  } catch (error) {
    if (isAppError(error, "already-redeemed")) return { state: readyState };
    const message = error instanceof AppError ? error.message : String(error);
    // it is looked at again as soon as there is a site
    if (isAppError(error, "site-missing", "site-gone", "namespace-not-found")) {
      return { state: pendingState(message) };
    }
    const isFinal = isAppError(error, ...finalCodes) ||
      isAppError(error, "server-error", "answer-invalid") &&
        !await isFreeToTry(token, { env, now }, signal);
    return isFinal
      ? { state: errorState(message), keepsKey: !isAppError(error, ...finalRefusals) }
      : { state: pendingState(message), again: error };
  } finally {
    deadline.end();
  }
}

/**
 * True if the service is one that takes no use for a redemption it fails at, as ours, and makes the
 * answer anew at each request with the same key: it answers a probe. Upstream's has counted a use
 * by the time it fails, so trying on would use up the grant.
 */
async function isFreeToTry(
  token: AccessToken,
  surroundings: Pick<TokenWork, "env" | "now">,
  signal: AbortSignal,
): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(tryLimitMs)]);
  try {
    const usable = checkToken(token, token.metadata.name);
    return (await probeToken(usable, surroundings, limit)).usesLeft !== undefined;
  } catch {
    return true; // to be found out at the next try
  }
}

/** Writes the status unless it says so already; false then. */
async function writeStatus(
  token: AccessToken,
  state: ConditionState,
  { platform }: ControllerNamespace,
  { now }: TokenWork,
  signal: AbortSignal,
): Promise<boolean> {
  const { redeemed: _, ...before } = token.status ?? {};
  const status = {
    ...before,
    conditions: [nextCondition(token, "Redeemed", state, now())],
    status: state.reason,
    message: state.message,
    ...(state.status === "True" ? { redeemed: true } : {}),
  };
  if (isDeepStrictEqual(status, token.status)) return false;
  await platform.apply<"AccessToken">({ ...token, status }, signal);
  return true;
}
