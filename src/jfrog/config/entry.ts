import { appError } from "../../errors/app_error.ts";
import { canBeToken, isApiKey, isLocal } from "../access_server.ts";
import { usernameIn } from "../jwt.ts";
import { defaultServerId, type Server, withSlash } from "../server.ts";
import { withoutTokens } from "../token_value.ts";

/** The services that have a url of their own, below the platform's unless told otherwise. */
const services = {
  artifactoryUrl: "artifactory/",
  distributionUrl: "distribution/",
  xrayUrl: "xray/",
  missionControlUrl: "mc/",
  pipelinesUrl: "pipelines/",
} as const;

const serviceNames = Object.keys(services) as (keyof typeof services)[]; // keys as declared

/** What says who we are to a server; a new way to say it replaces the old one. */
const credentialFields = [
  "password",
  "sshKeyPath",
  "sshPassphrase",
  "accessToken",
  "refreshToken",
  "artifactoryRefreshToken",
  "tokenRefreshInterval",
  "webLogin",
] as const satisfies (keyof Server)[];

/** True where a server is given new credentials. */
export function givesCredentials({ password, accessToken, sshKeyPath }: Server): boolean {
  return Boolean(password || accessToken || sshKeyPath);
}

/**
 * The server as it was, with what is given; a field given empty is taken away. The urls of services
 * follow the platform's url, unless they were chosen otherwise, and end with a slash
 * (docs/spec/jfrog.md 3.3).
 */
export function mergeServer(before: Server, given: Server): Server {
  const kept = { ...before };
  if (givesCredentials(given)) { for (const name of credentialFields) delete kept[name]; }
  const merged: Server = { ...kept, ...given };
  const isSsh = /^ssh:/i.test(merged.url ?? "");
  if (merged.url && !isSsh) merged.url = withSlash(merged.url);
  for (const name of serviceNames) {
    const wasDerived = before.url && before[name] === withSlash(before.url) + services[name];
    if (wasDerived && given[name] === undefined) delete merged[name];
    if (!merged[name] && merged.url && !isSsh) merged[name] = merged.url + services[name];
  }
  if (isSsh) merged.artifactoryUrl ||= merged.url!;
  for (const name of serviceNames) if (merged[name]) merged[name] = withSlash(merged[name]);
  return merged;
}

/**
 * The server with its user: the one given, else the token's own; jf keeps it in lower case. Throws
 * `jfrog-server-invalid` for an API key without a user, and `access-token-invalid`.
 */
export function nameUser(server: Server, given: Server, warn: (text: string) => void): Server {
  const { accessToken } = given;
  if (accessToken && !canBeToken(accessToken)) {
    throw appError("access-token-invalid", { source: "the server" });
  }
  let user = server.user;
  if (accessToken && !given.user) {
    if (isApiKey(accessToken)) {
      throw appError("jfrog-server-invalid", {
        why: "The access token is an API key, which is the password of a user",
        remedy: "Give --user and --password-stdin.",
      });
    }
    user = usernameIn(accessToken) ?? user;
    if (!user) {
      warn(
        "The access token names no user: a reference token names none. " +
          "Package managers need one: --user",
      );
    }
  }
  return user ? { ...server, user: user.toLowerCase() } : server;
}

/**
 * Throws `jfrog-server-invalid` where a server has more than one way to authenticate, as jf does.
 */
export function checkAuthentication(server: Server, isBasicAuthOnly: boolean): void {
  const { user, password, accessToken, artifactoryRefreshToken, sshKeyPath } = server;
  if (isBasicAuthOnly && accessToken) {
    throw appError("jfrog-server-invalid", {
      why: "--basic-auth-only goes with a user and a password, not with an access token",
    });
  }
  const ways = [user && password, accessToken && !artifactoryRefreshToken, sshKeyPath];
  if (ways.filter(Boolean).length > 1) {
    throw appError("jfrog-server-invalid", {
      why: "Only one way to authenticate is possible: user and password, access token, or SSH key",
    });
  }
}

/** True if credentials would go over the network in clear: http, and not to this machine. */
export function isInsecure(server: Server): boolean {
  const urls = [server.url, server.accessUrl, ...serviceNames.map((name) => server[name])];
  return urls.some((text) => {
    const url = URL.parse(text ?? "");
    return url?.protocol === "http:" && !isLocal(url);
  });
}

/**
 * The servers with this one at the end. It replaces the one with its id. It is the default if that
 * one was, or if it is alone.
 */
export function putServer(servers: Server[], server: Server): Server[] {
  const id = server.serverId ?? defaultServerId;
  const before = servers.find(({ serverId }) => serverId === id);
  const others = servers.filter(({ serverId }) => serverId !== id);
  const isDefault = others.length === 0 || before?.isDefault === true;
  return [...others, { ...server, serverId: id, isDefault }];
}

/** The servers without that one; if it was the default, the first of the others is. */
export function removeServer(servers: Server[], id: string): Server[] {
  const others = servers.filter(({ serverId }) => serverId !== id);
  const wasDefault = servers.find(({ serverId }) => serverId === id)?.isDefault === true;
  if (!wasDefault || others.some(({ isDefault }) => isDefault)) return others;
  return others.map((server, index) => index === 0 ? { ...server, isDefault: true } : server);
}

/** The servers with that one as the default; the same array where it is. */
export function useServer(servers: Server[], id: string): Server[] {
  const found = findServer(servers, id);
  if (found.isDefault && servers.filter(({ isDefault }) => isDefault).length === 1) return servers;
  return servers.map((server) => ({ ...server, isDefault: server === found }));
}

/**
 * The default server, or the only one. Throws `jfrog-server-missing`, and `jfrog-default-missing`
 * where there are several.
 */
export function findDefault(servers: Server[]): Server {
  const [first, second] = servers;
  if (first === undefined) throw appError("jfrog-server-missing", {});
  const standard = servers.find(({ isDefault }) => isDefault) ?? (second ? undefined : first);
  if (standard === undefined) throw appError("jfrog-default-missing", {});
  return standard;
}

/** The server of that id. Throws `jfrog-server-not-found`. */
export function findServer(servers: Server[], id: string): Server {
  const found = servers.find(({ serverId }) => serverId === id);
  // who took a token for a name is not to find it in a log
  if (found === undefined) throw appError("jfrog-server-not-found", { id: withoutTokens(id) });
  return found;
}
