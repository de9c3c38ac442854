import type { Server } from "../server.ts";

/** A JSON object of the configuration file. */
export type JsonObject = Record<string, unknown>;

/**
 * The fields of a server in the order in which jf writes them, with what they hold
 * (docs/spec/jfrog.md 3.2).
 */
export const serverFields = {
  url: "text",
  artifactoryUrl: "text",
  distributionUrl: "text",
  xrayUrl: "text",
  xscUrl: "text",
  catalogUrl: "text",
  missionControlUrl: "text",
  pipelinesUrl: "text",
  accessUrl: "text",
  user: "text",
  password: "text",
  sshKeyPath: "text",
  sshPassphrase: "text",
  accessToken: "text",
  refreshToken: "text",
  artifactoryRefreshToken: "text",
  tokenRefreshInterval: "a whole number",
  clientCertPath: "text",
  clientCertKeyPath: "text",
  serverId: "text",
  isDefault: "true or false",
  webLogin: "true or false",
  disableTokenRefresh: "true or false",
} as const satisfies Record<keyof Server, "text" | "a whole number" | "true or false">;

/** The names of the fields, in that order. */
export const serverFieldNames = Object.keys(serverFields) as (keyof Server)[]; // keys as declared

/** The fields that are encrypted where there is a key. */
export const secretFields = [
  "password",
  "accessToken",
  "sshPassphrase",
  "refreshToken",
  "artifactoryRefreshToken",
] as const satisfies (keyof Server)[];

/** True for a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The object with `names` spelled as they are here, since Go takes the names of fields in any case;
 * of several spellings the last counts. Others are left as they are.
 */
export function spellNames(object: JsonObject, names: readonly string[]): JsonObject {
  const spelled = new Map(names.map((name) => [name.toLowerCase(), name]));
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [spelled.get(name.toLowerCase()) ?? name, value]),
  );
}

/**
 * The server with its fields in jf's order, empty ones left out as Go leaves them out, and then
 * what else it holds.
 */
export function orderFields(server: Server): JsonObject {
  const known = serverFieldNames.map((name) => [name, server[name]] as const)
    .filter(([, value]) => value);
  const names: readonly string[] = serverFieldNames;
  const others = Object.entries(server).filter(([name]) => !names.includes(name));
  return Object.fromEntries([...known, ...others]);
}
