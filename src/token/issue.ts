import { appError, isAppError } from "../errors/app_error.ts";
import { authorityNames } from "../pki/certificate.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";
import { type AccessGrant, grantsDisabled, redemptionsAllowed } from "../resources/access_grant.ts";
import { type AccessToken, tokenAnnotations } from "../resources/access_token.ts";
import { nameAfter } from "../resources/names.ts";
import { apiVersion, describeState, findCondition, isReady } from "../resources/resource.ts";
import type { Site } from "../resources/site.ts";
import { type Deadline, isTimeout } from "../wait/deadline.ts";
import { formatDuration } from "../wait/duration.ts";
import { waitFor } from "../wait/wait_for.ts";
import type { RedeemSurroundings } from "./exchange.ts";
import { foundDescribedSite } from "./described_site.ts";
import { requireUsesLeft } from "./uses_left.ts";
import { withHost } from "./token_host.ts";
import { awaitSite } from "./issuing_site.ts";

/** What a token is to be like. */
export interface IssueRequest {
  redemptionsAllowed: number;
  expirationWindowMs: number;
  /** An existing AccessGrant to use; undefined: one is made, with the limits above. */
  grant?: string;
  linkCost?: number;
  /** The one of the site's hosts that the token is to name; undefined: the controller's choice. */
  host?: string;
  /** Where HTTPS_PROXY and NO_PROXY are read from. */
  env?: RedeemSurroundings["env"];
  /** Words of the command up to the file, `token issue <file>`: a resume command begins so. */
  resume: string;
  /** Puts the token where it belongs; if this fails, a grant made for it is removed again. */
  deliver?(token: AccessToken): Promise<void>;
}

/** A token, and what to say of it. */
export interface IssuedToken {
  token: AccessToken;
  /** The AccessGrant's name. */
  grant: string;
  site: string;
  redemptionsAllowed: number;
  usesLeft: number;
  /** RFC 3339, where the grant tells. */
  expirationTime?: string;
  /** How long the token is valid from now, in milliseconds. */
  windowMs: number;
  /** Names of the authorities that it pins; none: its redeemer's system says whom to trust. */
  pins: string[];
  /** True if the grant was there before. */
  reused: boolean;
}

/** How long the removal of a grant may take when the command's own time is over. */
const removalMs = 5000;

/**
 * How long a grant may be marked as not enabled: a controller of ours takes such a one up at once.
 */
const disabledForMs = 5000;

/**
 * Issues a token for the platform's site: awaits the site, makes or takes a grant, awaits that.
 * A grant made here is removed again when anything but the timeout ends the call; a timed-out one
 * is named in the error's resume command. Throws `site-missing`, `site-edge`, `site-failed`,
 * `link-access-disabled`, `controller-not-running`, `resource-not-found`, `grant-expired`,
 * `grant-used-up`, `grant-failed`, `grant-removed`, `timed-out`, and what the platform throws.
 */
export async function issueToken(
  platform: PlatformWithAbilities,
  request: IssueRequest,
  deadline: Deadline,
  progress: (text: string) => void,
): Promise<IssuedToken> {
  await foundDescribedSite(platform, deadline.signal, progress);
  progress("Waiting for status...");
  const site = await awaitSite(platform, resumeWords(request, request.grant), deadline, progress);
  if (request.grant !== undefined) await requireGrant(platform, request.grant, deadline.signal);
  const name = request.grant ?? await createGrant(platform, site, request, deadline.signal);
  try {
    const ready = await awaitGrant(platform, name, request, deadline);
    const issued = describeIssued(ready, site, request);
    if (request.grant !== undefined) await requireUsesLeft(issued, request, deadline.signal);
    if (request.host !== undefined) {
      const { env = {}, host } = request;
      const surroundings = { env, now: Date.now };
      const place = { platform, site };
      issued.token = await withHost(issued.token, host, place, surroundings, deadline.signal);
    }
    await request.deliver?.(issued.token);
    return issued;
  } catch (error) {
    if (request.grant === undefined && !isTimeout(error)) await removeGrant(platform, name);
    throw error;
  }
}

async function requireGrant(platform: PlatformWithAbilities, name: string, signal: AbortSignal) {
  if (await platform.get("AccessGrant", name, signal) !== undefined) return;
  throw appError("resource-not-found", {
    kind: "AccessGrant",
    name,
    namespace: platform.namespace,
    list: "grant list",
  });
}

/** Makes the grant and returns its name: the site's, and 5 random characters. */
async function createGrant(
  platform: PlatformWithAbilities,
  site: Site,
  request: IssueRequest,
  signal: AbortSignal,
): Promise<string> {
  for (let attempt = 1;; attempt++) {
    const name = nameAfter(site.metadata.name); // which becomes a Link's at the other site
    try {
      await platform.apply<"AccessGrant">({
        apiVersion,
        kind: "AccessGrant",
        metadata: { name, resourceVersion: "" },
        spec: {
          redemptionsAllowed: request.redemptionsAllowed,
          expirationWindow: formatDuration(request.expirationWindowMs),
        },
      }, signal);
      return name;
    } catch (error) {
      if (isAppError(error, "conflict") && attempt < 5) continue;
      // an apply that was cut off may have taken effect
      if (signal.aborted) await removeGrant(platform, name);
      throw error;
    }
  }
}

async function removeGrant(platform: PlatformWithAbilities, name: string): Promise<void> {
  try {
    await platform.remove("AccessGrant", name, AbortSignal.timeout(removalMs));
  } catch {
    // what ended the command matters more; an unused grant expires by itself
  }
}

/** One that pins no authority has an empty `ca`, or, as some write it, none. */
type ReadyGrant = AccessGrant & { status: { url: string; code: string } };

function awaitGrant(
  platform: PlatformWithAbilities,
  name: string,
  request: IssueRequest,
  deadline: Deadline,
): Promise<ReadyGrant> {
  const find = (grants: AccessGrant[]) => grants.find((grant) => grant.metadata.name === name);
  return waitFor(platform.watch("AccessGrant", deadline.signal, name), {
    what: `access grant "${name}" to be ready`,
    done(grants) {
      const grant = find(grants);
      if (grant === undefined) throw appError("grant-removed", { grant: name });
      if (!isCurrent(grant)) return undefined;
      if (grant.status?.status === "Error") {
        throw appError("grant-failed", { grant: name, message: grant.status.message ?? "" });
      }
      if (request.grant !== undefined) checkUsable(grant);
      return isReady(grant) && isComplete(grant) ? grant : undefined;
    },
    vain: {
      afterMs: disabledForMs,
      error(grants) {
        if (find(grants)?.status?.message !== grantsDisabled) return undefined;
        return appError("grants-disabled", { grant: name, namespace: platform.namespace });
      },
    },
    describe(grants) {
      const grant = find(grants)!;
      if (grant.status === undefined) return "Pending (no controller has taken it up)";
      return isCurrent(grant)
        ? describeState(grant)
        : "Pending (no controller has taken up its change)";
    },
    resume: resumeWords(request, name),
  }, deadline);
}

/** True if the status speaks of the present spec, or does not say of which. */
function isCurrent(grant: AccessGrant): boolean {
  const observed = findCondition(grant, "Ready")?.observedGeneration || Infinity;
  return observed >= (grant.metadata.generation ?? 0);
}

function isComplete(grant: AccessGrant): grant is ReadyGrant {
  return Boolean(grant.status?.url && grant.status.code);
}

function checkUsable(grant: AccessGrant): void {
  const { name } = grant.metadata;
  const at = grant.status?.expirationTime;
  if (at !== undefined && Date.parse(at) <= Date.now()) {
    throw appError("grant-expired", { grant: name, at });
  }
  const allowed = redemptionsAllowed(grant);
  if (usesLeft(grant) <= 0) throw appError("grant-used-up", { grant: name, allowed });
}

function usesLeft(grant: AccessGrant): number {
  return redemptionsAllowed(grant) - (grant.status?.redemptions ?? 0);
}

function describeIssued(grant: ReadyGrant, site: Site, request: IssueRequest): IssuedToken {
  const { url, ca = "", code, expirationTime } = grant.status;
  const allowed = redemptionsAllowed(grant);
  const reused = request.grant !== undefined;
  const token: AccessToken = {
    apiVersion,
    kind: "AccessToken",
    metadata: {
      name: grant.metadata.name,
      annotations: {
        ...(expirationTime === undefined ? {} : { [tokenAnnotations.expires]: expirationTime }),
        [tokenAnnotations.redemptionsAllowed]: String(allowed),
        [tokenAnnotations.site]: site.metadata.name,
      },
    },
    spec: {
      ca,
      code,
      ...(request.linkCost === undefined ? {} : { linkCost: request.linkCost }),
      url,
    },
  };
  return {
    token,
    grant: grant.metadata.name,
    site: site.metadata.name,
    redemptionsAllowed: allowed,
    usesLeft: usesLeft(grant),
    ...(expirationTime === undefined ? {} : { expirationTime }),
    windowMs: reused && expirationTime !== undefined
      ? Date.parse(expirationTime) - Date.now()
      : request.expirationWindowMs,
    pins: authorityNames(ca),
    reused,
  };
}

/** The command that goes on: limits matter only while there is no grant yet. */
function resumeWords(request: IssueRequest, grant: string | undefined): string {
  const words = [request.resume];
  if (grant !== undefined) words.push(`--grant ${grant}`);
  else {
    if (request.redemptionsAllowed !== 1) {
      words.push(`--redemptions-allowed ${request.redemptionsAllowed}`);
    }
    const window = formatDuration(request.expirationWindowMs);
    if (window !== "15m") words.push(`--expiration-window ${window}`);
  }
  if (request.linkCost !== undefined) words.push(`--link-cost ${request.linkCost}`);
  return words.join(" ");
}
