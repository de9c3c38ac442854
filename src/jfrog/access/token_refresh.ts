import { type AppError, appError, isAppError } from "../../errors/app_error.ts";
import type { Deadline } from "../../wait/deadline.ts";
import { ask } from "./exchange.ts";
import type { AccessServer, AccessSurroundings } from "../access_server.ts";
import { AccessTokens } from "./tokens.ts";
import { type CreatedToken, readCreatedToken } from "./created_token.ts";
import { describeFailedAnswer, isSuccess } from "./failed_answer.ts";
import { readClaims } from "../jwt.ts";
import { type Server, type ServerStore, withSlash } from "../server.ts";
import type { ChosenServer } from "./server_choice.ts";

/** The errors that say how to mend what can't be refreshed. */
const errorsWithRemedy = [
  "jfrog-server-invalid",
  "access-refused",
  "access-not-found",
  "access-answer-invalid",
] as const;

/**
 * The server with an access token that is good for a while: one that ends soon is exchanged for
 * another by its refresh token, as jf does (docs/spec/jfrog.md 5.2), and both new ones are stored.
 * Under the configuration's lock, so that a refresh token is used once, whoever comes at the same
 * time. A token that is still good is used as it is where that fails, with a warning. Throws what
 * the refresh does.
 */
export async function withFreshToken(
  server: ChosenServer,
  store: ServerStore,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<ChosenServer> {
  const { configured, credentials } = server;
  if (configured === undefined || credentials === undefined) return server;
  if (!("accessToken" in credentials) || !isRefreshed(configured)) return server;
  const { accessToken } = credentials;
  const left = minutesLeft(accessToken, surroundings.now());
  if (left === undefined || left > thresholdOf(configured, accessToken)) return server;
  try {
    const fresh = await refreshConfigured(server, store, surroundings, deadline, accessToken);
    if (fresh.problem !== undefined) {
      surroundings.warn(
        `The refreshed tokens could not be stored: ${fresh.problem.message}. ${
          remedyFor(fresh.serverId, surroundings)
        }`,
      );
    }
    return { ...server, credentials: { ...credentials, accessToken: fresh.accessToken } };
  } catch (error) {
    if (left === 0 || !isAppError(error) || deadline.signal.aborted) throw error;
    const remedy = isAppError(error, ...errorsWithRemedy) ? error.data.remedy : undefined;
    surroundings.warn(
      `The access token could not be refreshed, and is used as it is: ${error.message}` +
        (remedy === undefined ? "" : `. ${remedy}`),
    );
    return { ...server, refreshableId: undefined };
  }
}

/** What came of a refresh. */
export interface Refreshed {
  serverId: string;
  accessToken: string;
  /** False if another process had refreshed it meanwhile. */
  byUs: boolean;
  /** Why the new tokens could not be stored, though the old ones are used up. */
  problem?: AppError;
}

/**
 * Exchanges a configured server's tokens for new ones, and stores these, unless the token stored is
 * no longer `seen`: then another process did. Throws `refresh-token-missing`,
 * `jfrog-server-not-found`, and what the exchange and the store throw.
 */
export async function refreshConfigured(
  server: ChosenServer,
  store: ServerStore,
  surroundings: AccessSurroundings,
  deadline: Deadline,
  seen: string,
): Promise<Refreshed> {
  const serverId = server.configured?.serverId ?? "";
  let byUs = true;
  let made: CreatedToken | undefined;
  try {
    const servers = await store.change(async (servers, rehearse) => {
      const entry = servers.find((one) => one.serverId === serverId);
      if (entry === undefined) throw appError("jfrog-server-not-found", { id: serverId });
      byUs = entry.accessToken === seen;
      if (!byUs) return servers;
      surroundings.detail(`Refreshing the access token of server "${serverId}"`);
      if (kindOf(entry) === undefined) throw appError("refresh-token-missing", { id: serverId });
      await rehearse(); // a refresh token is good for one exchange
      const answer = made = await exchange(entry, server, surroundings, deadline)
        .catch((error) => {
          throw withRemedy(error, serverId, surroundings);
        });
      return servers.map((one) => one === entry ? renewed(entry, answer) : one);
    }, deadline.signal);
    const { accessToken = "" } = servers.find((one) => one.serverId === serverId) ?? {};
    return { serverId, accessToken, byUs };
  } catch (error) {
    if (made === undefined || !isAppError(error)) throw error;
    return { serverId, accessToken: made.access_token, byUs, problem: error };
  }
}

/**
 * A refresh token that the server does not know is no more: somebody used it, and its successor is
 * lost.
 */
function withRemedy(
  error: unknown,
  id: string,
  surroundings: AccessSurroundings,
): unknown {
  if (!isAppError(error, "access-not-found")) return error;
  return appError("access-not-found", { ...error.data, remedy: remedyFor(id, surroundings) }, {
    cause: error,
  });
}

function remedyFor(id: string, { program }: AccessSurroundings): string {
  return `Server "${id}" needs a new token: ${program} config edit "${id}" --access-token-stdin`;
}

/** Which of its refresh tokens goes with a server's access token, if one does. */
function kindOf(server: Server): "access" | "artifactory" | undefined {
  if (server.refreshToken) return "access";
  return server.artifactoryRefreshToken ? "artifactory" : undefined;
}

/**
 * True for a server whose token is refreshed before it is used; whoever asks for a refresh gets
 * one.
 */
function isRefreshed(server: Server): boolean {
  return kindOf(server) === "artifactory" ||
    (kindOf(server) === "access" && !server.disableTokenRefresh);
}

/** Whole minutes until a token expires, 0 if it has; undefined where nobody can tell. */
function minutesLeft(token: string, now: number): number | undefined {
  const exp = readClaims(token)?.exp;
  return exp === undefined ? undefined : Math.max(0, Math.floor((exp - now / 1000) / 60));
}

/** The minutes that must be left, as jf has them. */
function thresholdOf(server: Server, token: string): number {
  if (kindOf(server) === "artifactory") return 10;
  const { exp = 0, iat = exp } = readClaims(token) ?? {};
  return Math.min(10_080, Math.max(30, Math.floor((exp - iat) / 600)));
}

async function exchange(
  entry: Server,
  server: AccessServer,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<CreatedToken> {
  const { accessToken = "" } = entry;
  if (kindOf(entry) === "artifactory") {
    return await exchangeAtArtifactory(entry, server, surroundings, deadline);
  }
  // the entry under the lock is newer than the one that was chosen
  const asker = { ...server, credentials: { accessToken }, refreshableId: undefined };
  const tokens = new AccessTokens(asker, surroundings, deadline);
  return await tokens.refresh(entry.refreshToken ?? "", accessToken);
}

/** The hourly tokens of older versions of jf, which Artifactory makes itself. */
async function exchangeAtArtifactory(
  entry: Server,
  server: AccessServer,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<CreatedToken> {
  const url = withSlash(entry.artifactoryUrl || `${server.url}artifactory`);
  const { accessToken = "", artifactoryRefreshToken = "" } = entry;
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: artifactoryRefreshToken,
    access_token: accessToken,
  });
  const body = { type: "application/x-www-form-urlencoded", text: form.toString() };
  const path = "api/security/token";
  const asked = { ...server, url, credentials: undefined };
  const request = { method: "POST", path, body, mints: true } as const;
  const answer = await ask(asked, request, surroundings, deadline);
  if (isSuccess(answer)) return readCreatedToken(answer, url + path, surroundings.warn);
  throw describeFailedAnswer(answer, url + path, [accessToken, artifactoryRefreshToken], request);
}

function renewed(entry: Server, { access_token, refresh_token }: CreatedToken): Server {
  const field = kindOf(entry) === "access" ? "refreshToken" : "artifactoryRefreshToken";
  return {
    ...entry,
    accessToken: access_token,
    // a server that gives no new one has not taken the old one away
    ...(refresh_token === undefined ? {} : { [field]: refresh_token }),
  };
}
