import { isObject, type JsonObject, serverFieldNames, spellNames } from "./fields.ts";
import { defaultServerId } from "../server.ts";

/** The version that is written. */
export const newestVersion = 6;

/**
 * The version of a document (docs/spec/jfrog.md 3.6): text or number, the name in any case. One
 * without it is told by what it holds: jf takes every such file for version 0 and loses the
 * servers. Undefined for what is none.
 */
export function documentVersion(document: JsonObject): string | undefined {
  const { version } = document;
  if (version !== undefined && version !== null) {
    return /^\d+$/.test(String(version)) ? String(version) : undefined;
  }
  if (Array.isArray(document["artifactory"])) return "1";
  return isObject(document["artifactory"]) ? "0" : String(newestVersion);
}

/**
 * The document of version 0 to 5 as one of version 6 (docs/spec/jfrog.md 3.6). Secrets stay as they
 * are, and so does `enc`, which tells whether they are encrypted. What has no place in version 6
 * stays under its old name.
 */
export function migrateDocument(document: JsonObject, version: number): JsonObject {
  const migrated = version < 5 ? migrateTo5(document, version) : document;
  const { servers } = migrated;
  return { ...migrated, servers: Array.isArray(servers) ? servers.map(nameRefreshToken) : servers };
}

function migrateTo5(document: JsonObject, version: number): JsonObject {
  const { artifactory, servers, ...rest } = document;
  const older = version === 0 && isObject(artifactory)
    ? [{ serverId: defaultServerId, ...spellServer(artifactory), isDefault: true }]
    : artifactory ?? [];
  // what is neither is refused where servers are checked
  if (!Array.isArray(older)) return { ...rest, servers: older };
  if (servers !== undefined && servers !== null && !Array.isArray(servers)) return document;
  // who wrote a list under the newer name wrote it in the newer terms
  const newer = (servers ?? []).map((each) => isObject(each) ? spellServer(each) : each);
  const all = [...newer, ...older.map((each) => migrateServer(each, version))];
  return giveMissionControl({ ...rest, servers: all }, all);
}

function migrateServer(each: unknown, version: number): unknown {
  if (!isObject(each)) return each;
  const { url, ...server } = spellServer(each);
  const { user, artifactoryUrl } = server;
  return {
    ...server,
    ...(url === undefined ? {} : artifactoryUrl ? { url } : { artifactoryUrl: url }),
    ...(version < 3 && typeof user === "string" ? { user: user.toLowerCase() } : {}),
  };
}

/** The default server gets Mission Control's url, which stood beside the servers. */
function giveMissionControl(document: JsonObject, servers: unknown[]): JsonObject {
  const { missionControl, ...rest } = document;
  if (!isObject(missionControl)) return document;
  const { url, ...others } = spellNames(missionControl, ["url"]);
  const index = servers.findIndex((each) => isObject(each) && each["isDefault"] === true);
  const standard = servers[index];
  if (!url || !isObject(standard) || standard["missionControlUrl"] !== undefined) return document;
  const given = { ...standard, missionControlUrl: url };
  const kept = Object.keys(others).length === 0 ? {} : { missionControl: others };
  return { ...rest, ...kept, servers: servers.with(index, given) };
}

/** Until version 5 the only refresh tokens were Artifactory's. */
function nameRefreshToken(each: unknown): unknown {
  if (!isObject(each)) return each;
  const { refreshToken, ...server } = spellServer(each);
  if (!refreshToken) return server;
  return server["artifactoryRefreshToken"]
    ? { ...server, refreshToken }
    : { ...server, artifactoryRefreshToken: refreshToken };
}

function spellServer(server: JsonObject): JsonObject {
  return spellNames(server, serverFieldNames);
}
