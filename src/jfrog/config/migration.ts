import { isObject, type JsonObject, serverFieldNames, spellNames } from "./fields.ts";
import { defaultServerId } from "../server.ts";

/** The version that is written. */
export const newestVersion = 6;

/**
 * The version of a document (spec/jfrog.md 3.6): text or number, the name in any case. One without
 * it is told by what it holds: jf takes every such file for version 0 and loses the servers.
 * Undefined for what is none.
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
 * The document of version 0 to 5 as one of version 6 (spec/jfrog.md 3.6). Secrets stay as they are,
 * and so does `enc`, which tells whether they are encrypted.
 */
export function migrateDocument(document: JsonObject, version: number): JsonObject {
  const { artifactory, missionControl, ...rest } = document;
  const servers = version >= 5
    ? rest["servers"]
    : serversBefore5(artifactory, missionControl, version);
  return { ...rest, servers: Array.isArray(servers) ? servers.map(nameRefreshToken) : servers };
}

function serversBefore5(artifactory: unknown, missionControl: unknown, version: number): unknown {
  const missionControlUrl = isObject(missionControl)
    ? spellNames(missionControl, ["url"])["url"]
    : undefined;
  const found = version === 0 && isObject(artifactory)
    ? [{ ...spellServer(artifactory), isDefault: true, serverId: defaultServerId }]
    : artifactory;
  if (!Array.isArray(found)) return found;
  return found.map((each) => {
    if (!isObject(each)) return each;
    const { url, ...server } = spellServer(each);
    const { user, isDefault } = server;
    return {
      ...server,
      artifactoryUrl: url,
      ...(version < 3 && typeof user === "string" ? { user: user.toLowerCase() } : {}),
      ...(isDefault === true && missionControlUrl ? { missionControlUrl } : {}),
    };
  });
}

/** Until version 5 the only refresh tokens were Artifactory's. */
function nameRefreshToken(each: unknown): unknown {
  if (!isObject(each)) return each;
  const { refreshToken, ...server } = spellServer(each);
  return refreshToken ? { ...server, artifactoryRefreshToken: refreshToken } : server;
}

function spellServer(server: JsonObject): JsonObject {
  return spellNames(server, serverFieldNames);
}
