import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { type AppError, isAppError } from "../../errors/app_error.ts";
import { discard } from "../../network/connection.ts";
import { chooseProxy } from "../../network/proxy.ts";
import type { Deadline } from "../../wait/deadline.ts";
import { type AccessSurroundings, isApiKey, isLocal, secretsIn } from "../access_server.ts";
import { readClaims, usernameIn, userOfSubject } from "../jwt.ts";
import { openConnection } from "./connection.ts";
import { ask } from "./exchange.ts";
import { blank, describeFailedAnswer } from "./failed_answer.ts";
import { readJsonObject } from "./json_answer.ts";
import { pingArtifactory } from "./ping.ts";
import { type ChosenServer, requireCredentials } from "./server_choice.ts";
import { timeOf } from "./token_time.ts";
import { AccessTokens } from "./tokens.ts";

/** One step on the way to being served. */
export interface ServerStep {
  step: "connection" | "tls" | "service" | "clock" | "credentials" | "version";
  ok: boolean;
  detail: string;
}

/** How far one comes with a server. */
export interface ServerCheck {
  /** Those that were taken; only the last one can have failed. */
  steps: ServerStep[];
  /** Whose the credentials are, where anybody says so. */
  user?: string;
  /** When the access token ends (RFC 3339, UTC), and what it may do. */
  expires_at?: string;
  scope?: string;
  /** Artifactory's. */
  version?: string;
  /** By how much the server's clock is ahead of this machine's. */
  clock_difference_seconds?: number;
  /** What the last step failed of. */
  problem?: AppError;
}

/** Clocks that differ by more are warned of: what has just been made may seem to be of tomorrow. */
const clockToleranceSeconds = 5;

/** What older versions of Artifactory lack (docs/spec/jfrog.md 1.7, 5.3). */
const since: [version: string, what: string][] = [
  ["7.21.1", "it makes no access tokens by this interface"],
  ["7.38.10", "it makes no reference tokens"],
  ["7.50.3", "tokens of a short life can't be revoked"],
  ["7.68", "it revokes no token by its value"],
];

/** What a check needs of who asks for it. */
export interface CheckedBy {
  /** Hears of each step as it is taken. */
  tell(step: ServerStep): Promise<void>;
  /** The server with an access token that is good for a while: refreshed where that is due. */
  freshen(): Promise<ChosenServer>;
}

/**
 * Asks a server step by step: reached, trusted, up, its clock, whether it accepts the credentials
 * and whose they are, and its version. A step that fails is the last one, and part of the result.
 * Throws the signal's reason.
 */
export async function tryServer(
  server: ChosenServer,
  surroundings: AccessSurroundings,
  deadline: Deadline,
  { tell, freshen }: CheckedBy,
): Promise<ServerCheck> {
  const check: ServerCheck = { steps: [] };
  let current: ServerStep["step"] = "connection";
  const take = async (step: ServerStep, next: ServerStep["step"]) => {
    check.steps.push(step);
    current = next;
    await tell(step);
  };
  const passed = (detail: string, next: ServerStep["step"]) =>
    take({ step: current, ok: true, detail }, next);
  try {
    await connect(server, surroundings, deadline, passed);
    const before = surroundings.now();
    const answer = await pingArtifactory(server, surroundings, deadline).catch(async (error) => {
      // who is not let in has reached it
      if (isAppError(error, "access-refused")) await passed("Artifactory answers", "credentials");
      throw error;
    });
    const middle = (before + surroundings.now()) / 2;
    await passed(`Artifactory says ${answer.said}`, "clock");
    if (answer.at !== undefined) {
      const difference = Math.round((answer.at - middle) / 1000);
      check.clock_difference_seconds = difference;
      await passed(describeClock(difference, surroundings), "credentials");
    }
    current = "credentials";
    requireCredentials(server);
    const fresh = await freshen();
    const version = await askVersion(fresh, surroundings, deadline);
    Object.assign(check, await identify(fresh, surroundings, deadline));
    await passed(describeIdentity(check, fresh), "version");
    check.version = version;
    await passed(describeVersion(version), "version");
  } catch (error) {
    if (deadline.signal.aborted || !isAppError(error)) throw error;
    check.problem = error;
    await take({ step: current, ok: false, detail: error.message }, current);
  }
  return check;
}

async function connect(
  server: ChosenServer,
  surroundings: AccessSurroundings,
  { signal }: Deadline,
  passed: (detail: string, next: ServerStep["step"]) => Promise<void>,
): Promise<void> {
  const url = new URL(server.url);
  const proxy = chooseProxy(url, surroundings.env);
  let told = Promise.resolve();
  const connected = () => {
    const way = proxy === undefined ? "" : `, through the proxy ${proxy.host}`;
    told = passed(`${url.host} is reached${way}`, "tls");
  };
  const socket = await openConnection(url, proxy, server, surroundings, signal, connected)
    .finally(() => told);
  try {
    await passed(describeTls(socket, url, server), "service");
  } finally {
    discard(socket);
  }
}

function describeTls(socket: Socket, url: URL, { insecureTls }: ChosenServer): string {
  if (!(socket instanceof TLSSocket)) {
    return isLocal(url) ? "none, and the server is this machine" : "none: others can listen in";
  }
  const protocol = socket.getProtocol() ?? "TLS";
  if (insecureTls) return `${protocol}, its certificate is not checked`;
  const end = new Date(socket.getPeerCertificate().valid_to).getTime() / 1000;
  return `${protocol}, its certificate is trusted until ${timeOf(end) ?? "some day"}`;
}

function describeClock(seconds: number, { warn }: AccessSurroundings): string {
  const size = Math.abs(seconds);
  if (size <= clockToleranceSeconds) return "the server's and this machine's agree";
  const text = `the server's is ${size} s ${seconds > 0 ? "ahead of" : "behind"} this machine's`;
  warn(`Of the clocks one is wrong: ${text}. Tokens and certificates may end too early or late`);
  return text;
}

/** Artifactory's version; who may not ask for it is nobody that it knows. */
async function askVersion(
  server: ChosenServer,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<string> {
  const path = "artifactory/api/system/version";
  const answer = await ask(server, { method: "GET", path }, surroundings, deadline);
  const secrets = secretsIn(server.credentials);
  if (answer.status !== 200) throw describeFailedAnswer(answer, server.url + path, secrets);
  const version = readJsonObject(answer, server.url + path).get("version");
  return blank(typeof version === "string" ? version : "unknown", secrets);
}

/** Whose the credentials are: by the server's word, else, for a token, by its own. */
async function identify(
  server: ChosenServer,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<Pick<ServerCheck, "user" | "expires_at" | "scope">> {
  const { credentials } = server;
  if (credentials === undefined) return {};
  if ("password" in credentials || isApiKey(credentials.accessToken)) {
    return credentials.user ? { user: credentials.user } : {};
  }
  const claims = readClaims(credentials.accessToken) ?? {};
  const own = {
    ...about("user", usernameIn(credentials.accessToken)),
    ...about("expires_at", claims.exp === undefined ? undefined : timeOf(claims.exp)),
    ...about("scope", claims.scp),
  };
  try {
    const token = await new AccessTokens(server, surroundings, deadline).show("me");
    const { subject, expiry, scope } = token;
    return {
      ...own,
      ...about("user", subject === undefined ? undefined : userOfSubject(String(subject))),
      ...about("expires_at", typeof expiry === "number" ? timeOf(expiry) : undefined),
      ...about("scope", scope),
    };
  } catch (error) {
    // not before 7.53.1, and not of a token that is not kept for its short life
    if (isAppError(error, "access-not-found", "access-refused", "access-answer-unexpected")) {
      return own;
    }
    throw error;
  }
}

function about(name: string, value: unknown): Record<string, string> {
  return typeof value === "string" && value !== "" ? { [name]: value } : {};
}

function describeIdentity({ user, expires_at, scope }: ServerCheck, server: ChosenServer): string {
  const end = expires_at === undefined ? "" : `, until ${expires_at}`;
  const rights = scope === undefined ? "" : `, scope ${scope}`;
  return `accepted: ${user ?? "nobody says whose"}, by ${kindOfCredentials(server)}${end}${rights}`;
}

function kindOfCredentials({ credentials }: ChosenServer): string {
  if (credentials === undefined) return "client certificate";
  if ("password" in credentials) return "password";
  return isApiKey(credentials.accessToken) ? "API key" : "access token";
}

function describeVersion(version: string): string {
  const lacks = since.filter(([first]) => isBefore(version, first)).map(([, what]) => what);
  return [`Artifactory ${version}`, ...lacks].join("; ");
}

/** Versions such as 7.38.10; what is none is before nothing. */
function isBefore(version: string, first: string): boolean {
  const [ours, theirs] = [version, first].map((text) => text.split(".").map(Number));
  if (!/^\d+\.\d+/.test(version)) return false;
  for (const [index, part] of theirs!.entries()) {
    const own = ours![index] || 0;
    if (own !== part) return own < part;
  }
  return false;
}
