import { appError } from "../../errors/app_error.ts";
import {
  type AccessServer,
  canBeToken,
  isApiKey,
  type ServerCredentials,
} from "../access_server.ts";
import { findDefault, findServer } from "../config/entry.ts";
import { environmentSecret, environmentToken } from "../environment_secret.ts";
import { usernameIn } from "../jwt.ts";
import { isSameServer, platformUrl } from "../platform_url.ts";
import type { Server, ServerStore } from "../server.ts";

/** What the options of a command say of a server; undefined or "" is not given. */
export interface ServerFlags {
  url?: string | undefined;
  user?: string | undefined;
  password?: string | undefined;
  accessToken?: string | undefined;
  serverId?: string | undefined;
  sshKeyPath?: string | undefined;
  sshPassphrase?: string | undefined;
  clientCertPath?: string | undefined;
  clientCertKeyPath?: string | undefined;
  insecureTls?: boolean | undefined;
}

/** The server in force. */
export interface ChosenServer extends AccessServer {
  /** Whose tokens are meant where nobody is named; undefined: whoever the credentials are of. */
  user?: string | undefined;
  /** Who asks, and where that is from, as it may be shown. */
  identity: string;
  /** The configured server, where url and credentials are its own. */
  configured?: Server;
}

/** What a choice needs of the outside. */
export interface ChoiceSurroundings {
  env: Record<string, string | undefined>;
  /** Opened only if what is given does not say everything. */
  openStore(): Promise<ServerStore>;
  warn(text: string): void;
  detail(text: string): void;
}

/** Credentials, and where they are from. */
interface Found {
  credentials: ServerCredentials;
  source: string;
}

/**
 * The server to ask: what options say, else the environment (JFROG_CLI_URL, JFROG_CLI_ACCESS_TOKEN,
 * JFROG_CLI_USER, JFROG_CLI_PASSWORD), else the configured server, the one of --server-id or
 * JFROG_CLI_SERVER_ID or the default one. A server named by --server-id is taken as it is
 * configured, but for options; without a url, options need a server named. User and credentials are
 * one identity, of one source: a configured user goes with its own credentials only, and the
 * environment's credentials to no other server than its url, where it has one. Throws
 * `jfrog-url-missing`, `jfrog-server-not-found`, `jfrog-server-missing`, `jfrog-default-missing`,
 * `access-token-invalid`, `invalid-value`, `usage`, and what reading the configuration throws.
 */
export async function chooseServer(
  flags: ServerFlags,
  surroundings: ChoiceSurroundings,
  signal: AbortSignal,
): Promise<ChosenServer> {
  const { env, warn, detail } = surroundings;
  if (flags.sshKeyPath || flags.sshPassphrase) warn("SSH keys have no effect on access tokens");
  const envMatters = !flags.serverId || Boolean(flags.url);
  const envUrl = env["JFROG_CLI_URL"];
  const isForOther = Boolean(flags.url && envUrl) && !isSameServer(flags.url!, envUrl!);
  const user = envMatters && !isForOther ? env["JFROG_CLI_USER"] : undefined;
  const given = findCredentials(flags, user, "options") ??
    (envMatters ? credentialsInEnv(env, flags.user, isForOther, warn) : undefined);
  const source = flags.url ? "--url" : "JFROG_CLI_URL";
  const givenUrl = flags.url || (envMatters && envUrl);
  if (givenUrl) {
    const chosen = finish(platformUrl(givenUrl, source, warn), flags, given, undefined, warn);
    detail(`Server ${source}, credentials from ${given?.source ?? "nowhere"}: ${chosen.identity}`);
    return chosen;
  }
  const id = flags.serverId || env["JFROG_CLI_SERVER_ID"];
  if (!id && isAnyGiven(flags)) throw appError("jfrog-url-missing", {});
  const configured = await findConfigured(id, surroundings, signal);
  const name = configured.serverId ?? "";
  const server = `server "${name}"`;
  const found = given ?? findCredentials(ownCredentials(configured), flags.user, server);
  const url = platformUrl(urlOf(configured), server, warn);
  const chosen = finish(url, flags, found, configured, warn, given === undefined);
  detail(`Server "${name}", credentials from ${found?.source ?? "nowhere"}: ${chosen.identity}`);
  return chosen;
}

/**
 * The credentials of the environment. What is for another server, half of some, a user without a
 * password or a password without a user, and a user who is not the token's, is left out, with a
 * warning.
 */
function credentialsInEnv(
  env: ChoiceSurroundings["env"],
  otherUser: string | undefined,
  isForOther: boolean,
  warn: (text: string) => void,
): Found | undefined {
  const user = env["JFROG_CLI_USER"] || undefined;
  const password = environmentSecret(env, "JFROG_CLI_PASSWORD");
  const accessToken = environmentToken(env, "JFROG_CLI_ACCESS_TOKEN");
  if (isForOther) {
    if (accessToken || password) {
      warn(
        "The credentials of the environment are left out: they are JFROG_CLI_URL's, not --url's",
      );
    }
    return undefined;
  }
  if (!accessToken && password && !user && !otherUser) {
    warn("JFROG_CLI_PASSWORD is left out: there is no JFROG_CLI_USER whose it is");
    return undefined;
  }
  if (!accessToken && user && !password) {
    warn("JFROG_CLI_USER is left out: there is no JFROG_CLI_PASSWORD of it");
    return undefined;
  }
  const owner = accessToken && usernameIn(accessToken);
  if (owner && user && owner.toLowerCase() !== user.toLowerCase()) {
    warn(`JFROG_CLI_USER is left out: the access token is that of ${owner}`);
    return findCredentials({ accessToken }, otherUser, "the environment");
  }
  return findCredentials({ user, password, accessToken }, otherUser, "the environment");
}

function finish(
  url: string,
  flags: ServerFlags,
  found: Found | undefined,
  configured: Server | undefined,
  warn: (text: string) => void,
  isOwn = false,
): ChosenServer {
  const certPath = flags.clientCertPath || configured?.clientCertPath;
  const keyPath = flags.clientCertPath
    ? flags.clientCertKeyPath
    : flags.clientCertKeyPath || configured?.clientCertKeyPath;
  if (!certPath && keyPath) {
    throw appError("usage", {
      message: "--client-cert-key-path is of no use without --client-cert-path",
      help: "Name the certificate's file too.",
    });
  }
  const credentials = found?.credentials;
  if (credentials && "accessToken" in credentials && isApiKey(credentials.accessToken)) {
    warn("The access token is an API key, and is used as the password of user and password");
  }
  if (flags.insecureTls) warn(`The certificate of ${url} is not checked`);
  return {
    url,
    credentials,
    insecureTls: flags.insecureTls === true,
    user: flags.user || credentials?.user || (isOwn ? configured?.user : undefined),
    identity: describeIdentity(credentials, certPath),
    ...(certPath ? { clientCertificate: { certPath, keyPath: keyPath || undefined } } : {}),
    ...(configured !== undefined && isOwn ? { configured, ...refreshable(configured) } : {}),
  };
}

function refreshable(server: Server): { refreshableId?: string } {
  const { serverId, refreshToken, artifactoryRefreshToken } = server;
  return serverId && (refreshToken || artifactoryRefreshToken) ? { refreshableId: serverId } : {};
}

/** Who credentials say that asks: a name is no secret. */
function describeIdentity(
  credentials: ServerCredentials | undefined,
  certPath: string | undefined,
): string {
  if (credentials === undefined) {
    return certPath ? "whoever the client certificate is of" : "nobody";
  }
  if ("password" in credentials) return `${credentials.user}, by password`;
  const { accessToken, user } = credentials;
  if (isApiKey(accessToken)) return `${user || "nobody"}, by API key`;
  return `${usernameIn(accessToken) ?? "whoever the access token is of"}, by access token`;
}

/** True if options say anything of a server beside its id; commands have other options too. */
function isAnyGiven(flags: ServerFlags): boolean {
  const { url, user, password, accessToken, sshKeyPath, sshPassphrase } = flags;
  const { clientCertPath, clientCertKeyPath } = flags;
  return [url, user, password, accessToken, sshKeyPath, sshPassphrase]
    .concat(clientCertPath, clientCertKeyPath).some(Boolean);
}

/**
 * The credentials of one source; `otherUser` is whose password it is where that source does not
 * say.
 */
function findCredentials(
  { user, password, accessToken }: Pick<ServerFlags, "user" | "password" | "accessToken">,
  otherUser: string | undefined,
  source: string,
): Found | undefined {
  if (accessToken) {
    if (!canBeToken(accessToken)) throw appError("access-token-invalid", { source });
    const owner = isApiKey(accessToken) ? user || otherUser : user;
    return { credentials: { accessToken, user: owner || undefined }, source };
  }
  if (!password) return undefined;
  const owner = user || otherUser;
  if (owner) return { credentials: { user: owner, password }, source };
  throw appError("usage", {
    message: `There is a password in ${source}, but no user`,
    help: "Name the user with --user or JFROG_CLI_USER.",
  });
}

async function findConfigured(
  id: string | undefined,
  { openStore }: ChoiceSurroundings,
  signal: AbortSignal,
): Promise<Server> {
  const servers = await (await openStore()).read(signal);
  return id ? findServer(servers, id) : findDefault(servers);
}

/** A token that jf has made of user and password, to be refreshed, is no better than those. */
function ownCredentials({ user, password, accessToken, ...rest }: Server) {
  const isMade = !rest.webLogin && (rest.refreshToken || rest.artifactoryRefreshToken);
  return { user, password, accessToken: user && password && isMade ? "" : accessToken };
}

/** An entry of jf's older versions has only Artifactory's url. */
function urlOf({ url, artifactoryUrl, serverId = "" }: Server): string {
  const found = url || artifactoryUrl?.replace(/\/artifactory\/*$/, "/");
  if (!found) throw appError("jfrog-url-missing", { id: serverId });
  return found;
}

/** Throws `jfrog-credentials-missing` for a server that would not know who asks. */
export function requireCredentials({ url, credentials, clientCertificate }: AccessServer): void {
  if (credentials === undefined && clientCertificate === undefined) {
    throw appError("jfrog-credentials-missing", { url });
  }
}
