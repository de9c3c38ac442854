import { type AppError, appError, isAppError } from "../errors/app_error.ts";
import type { Platform } from "../platform/platform.ts";
import { type AccessToken, redeemedToken } from "../resources/access_token.ts";
import { ownedBy } from "../resources/owner.ts";
import { describeState, findCondition, isReady } from "../resources/resource.ts";
import type { Site } from "../resources/site.ts";
import { type Deadline, isTimeout } from "../wait/deadline.ts";
import { waitFor } from "../wait/wait_for.ts";
import { credentialsName, firstLinkNames } from "./link_names.ts";
import { type RedeemedToken, type RedeemOptions, refuseOwn } from "./redeem.ts";
import { describeReportedFailure } from "./reported_failure.ts";
import { checkToken, type UsableToken } from "./token_file.ts";
import { isMadeFrom, markToken } from "./token_mark.ts";

/** A failure after which no try of the controller can succeed. */
class Refusal extends Error {
  readonly failure: AppError;

  constructor(failure: AppError) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * How long taking an AccessToken away may take when the command's own time is over, in
 * milliseconds.
 */
const withdrawalMs = 5000;

/**
 * Has the platform's controller redeem a token: stores it as an AccessToken and awaits what comes
 * of it. The AccessToken is taken away again where no try can succeed, since a controller would go
 * on trying; one that only took too long stays, and the same call goes on waiting for it. Throws
 * `site-missing`, `already-redeemed`, `name-taken`, `token-file-invalid`, what
 * `describeReportedFailure` says, `timed-out` and what the platform throws.
 */
export async function redeemByController(
  platform: Platform,
  token: AccessToken,
  { deadline, linkCost, now = Date.now }: Pick<RedeemOptions, "deadline" | "linkCost" | "now">,
  progress: (text: string) => void,
): Promise<RedeemedToken> {
  const { signal } = deadline;
  const { namespace } = platform;
  const usable = checkToken(token, `AccessToken ${token.metadata.name}`);
  const sites = await platform.list("Site", signal);
  const site = sites.find(isReady) ?? sites[0];
  if (site === undefined) {
    throw appError("site-missing", { namespace, purpose: "redeem a token" });
  }
  const { name } = usable.metadata;
  try {
    await storeToken(platform, usable, site, linkCost, signal);
    progress(`Redeeming token "${name}"...`);
    await awaitRedemption(platform, usable, deadline, now);
    await requireStill(platform, usable, site, signal);
  } catch (error) {
    const isRefused = error instanceof Refusal || isAppError(error, "site-gone");
    const isOver = isRefused || signal.aborted && !isTimeout(signal.reason);
    if (isOver) await withdraw(platform, usable);
    throw error instanceof Refusal ? error.failure : error;
  }
  return {
    token: name,
    site: site.metadata.name,
    secret: credentialsName(name),
    links: await linksOf(platform, name, signal),
  };
}

/** Throws `site-gone` if that site went while its token was being redeemed. */
async function requireStill(
  platform: Platform,
  token: UsableToken,
  site: Site,
  signal: AbortSignal,
): Promise<void> {
  const sites = await platform.list("Site", signal);
  if (sites.some(({ metadata }) => metadata.uid === site.metadata.uid)) return;
  const { namespace } = platform;
  const { name } = token.metadata;
  throw appError("site-gone", { kind: "Link", name, site: site.metadata.name, namespace });
}

/** The names of the links that were made of a token. */
export async function linksOf(
  platform: Platform,
  token: string,
  signal: AbortSignal,
): Promise<string[]> {
  const links = await platform.list("Link", signal);
  const secrets: unknown[] = [token, credentialsName(token)]; // upstream's controller cuts no name
  return links.filter(({ spec }) => secrets.includes(spec?.tlsCredentials))
    .map(({ metadata }) => metadata.name);
}

/**
 * Sees to it that there is an AccessToken of the token: the one that is there already, or a new
 * one.
 */
async function storeToken(
  platform: Platform,
  token: UsableToken,
  site: Site,
  linkCost: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { name, annotations, labels } = token.metadata;
  const { namespace } = platform;
  const mark = markToken(token);
  for (;;) {
    const found = await platform.get("AccessToken", name, signal);
    if (found !== undefined) {
      if (found.spec === undefined || markToken({ ...found, spec: found.spec }) !== mark) {
        throw appError("name-taken", { kind: "AccessToken", name, namespace });
      }
      if (isRedeemed(found)) {
        const links = await linksOf(platform, name, signal);
        const isLinkGone = links.length === 0;
        throw appError("already-redeemed", { token: name, namespace, isLinkGone });
      }
      return;
    }
    await refuseUseless(platform, token, signal);
    try {
      await platform.apply<"AccessToken">({
        apiVersion: token.apiVersion,
        kind: token.kind,
        metadata: {
          name,
          ...(labels ? { labels } : {}),
          annotations: { ...annotations, [redeemedToken]: mark },
          ...ownedBy(site),
          resourceVersion: "",
        },
        spec: { ...token.spec, ...(linkCost === undefined ? {} : { linkCost }) },
      }, signal);
      return;
    } catch (error) {
      // made meanwhile: then it is the one
      if (!isAppError(error, "conflict")) throw error;
    }
  }
}

/**
 * Throws `already-redeemed` or `name-taken` where the Secret or a Link to be exists, and
 * `token-own`: not every controller looks before it spends a use. What this user may not read is
 * left to the controller.
 */
export async function refuseUseless(
  platform: Platform,
  token: UsableToken,
  signal: AbortSignal,
): Promise<void> {
  const { name } = token.metadata;
  const { namespace } = platform;
  const mark = markToken(token);
  const links = await platform.list("Link", signal);
  const names = [name, `${name}-1`, ...firstLinkNames(name)];
  const link = links.find(({ metadata }) => names.includes(metadata.name));
  if (isMadeFrom(link, mark)) throw appError("already-redeemed", { token: name, namespace });
  const secret = await unlessForbidden(platform.get("Secret", name, signal));
  for (const found of [secret, link]) {
    if (found === undefined || isMadeFrom(found, mark)) continue;
    throw appError("name-taken", { kind: found.kind, name: found.metadata.name, namespace });
  }
  await unlessForbidden(refuseOwn(platform, token, signal));
}

async function awaitRedemption(
  platform: Platform,
  token: UsableToken,
  deadline: Deadline,
  now: () => number,
): Promise<void> {
  const { name } = token.metadata;
  const { namespace } = platform;
  const find = (tokens: AccessToken[]) => tokens.find(({ metadata }) => metadata.name === name);
  await waitFor(platform.watch("AccessToken", deadline.signal, name), {
    what: `token "${name}" to be redeemed`,
    done(tokens) {
      const found = find(tokens);
      if (found === undefined) throw appError("conflict", { kind: "AccessToken", name });
      if (hasSucceeded(found)) return true;
      if (isRedeemed(found)) {
        // by upstream's controller, where the site that it was redeemed for is gone
        throw new Refusal(appError("already-redeemed", { token: name, namespace }));
      }
      const { status, message = "" } = found.status ?? {};
      if (status !== "Error") return undefined;
      const failure = describeReportedFailure(token, message, { namespace, now: now() });
      if (failure !== undefined) throw new Refusal(failure);
      return undefined;
    },
    describe(tokens) {
      const found = find(tokens)!;
      return found.status === undefined ? "no controller has tried yet" : describeState(found);
    },
  }, deadline);
}

async function unlessForbidden<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isAppError(error, "forbidden")) return undefined;
    throw error;
  }
}

function isRedeemed(token: AccessToken): boolean {
  return findCondition(token, "Redeemed")?.status === "True";
}

function hasSucceeded(token: AccessToken): boolean {
  return isRedeemed(token) && findCondition(token, "Redeemed")?.reason !== "Error";
}

/**
 * Takes away the AccessToken that such a call has made, unless it was redeemed in the last moment.
 * It is looked for since an interrupt may have come between its making and the answer that tells of
 * it.
 */
async function withdraw(platform: Platform, token: UsableToken): Promise<void> {
  const signal = AbortSignal.timeout(withdrawalMs);
  const { name } = token.metadata;
  try {
    const found = await platform.get("AccessToken", name, signal);
    if (found === undefined || !isMadeFrom(found, markToken(token))) return;
    const { uid } = found.metadata;
    if (!hasSucceeded(found)) await platform.remove("AccessToken", name, signal, { uid });
  } catch {
    // why it was refused matters more
  }
}
