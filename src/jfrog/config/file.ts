import { appError } from "../../errors/app_error.ts";
import {
  isObject,
  type JsonObject,
  orderFields,
  serverFieldNames,
  serverFields,
  spellNames,
} from "./fields.ts";
import { writeGoJson } from "../go_json.ts";
import { documentVersion, migrateDocument, newestVersion } from "./migration.ts";
import type { Server } from "../server.ts";

/** What a configuration file holds, in the terms of the newest version. */
export interface ConfigFile {
  /**
   * As stored: secrets are ciphertext where `isEncrypted`. Fields unknown to us are kept in them.
   */
  servers: Server[];
  isEncrypted: boolean;
  /** The version the text had. */
  version: number;
  /** What else it holds, to be written back. */
  others: JsonObject;
}

/**
 * Reads the text of a configuration file of any version (docs/spec/jfrog.md 3.2, 3.6); an empty one
 * has no servers. `file` names it in errors, which quote nothing of it. Throws
 * `jfrog-config-invalid`, `jfrog-config-newer`.
 */
export function parseConfig(text: string, file: string): ConfigFile {
  const invalid = (why: string) => appError("jfrog-config-invalid", { file, why });
  const json = text.replace(/^\uFEFF/, "");
  if (json.trim() === "") {
    return { servers: [], isEncrypted: false, version: newestVersion, others: {} };
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    // the parser's message quotes what may be a secret
    throw invalid("it is not valid JSON");
  }
  if (!isObject(parsed)) throw invalid(`it must hold a JSON object, not ${nameType(parsed)}`);
  const found = spellNames(parsed, ["servers", "version", "enc", "artifactory", "missionControl"]);
  const version = documentVersion(found);
  if (version === undefined) throw invalid("its version is not a number");
  if (Number(version) > newestVersion) {
    throw appError("jfrog-config-newer", { file, version, newest: newestVersion });
  }
  const document = Number(version) < newestVersion
    ? migrateDocument(found, Number(version))
    : found;
  const { servers = [], version: _, enc, ...others } = document;
  if (servers !== null && !Array.isArray(servers)) {
    throw invalid(`servers must be a list, not ${nameType(servers)}`);
  }
  if (enc !== undefined && enc !== null && typeof enc !== "boolean") {
    throw invalid(`enc must be true or false, not ${nameType(enc)}`);
  }
  return {
    servers: (servers ?? []).map((server, index) =>
      checkServer(server, `servers[${index}]`, invalid)
    ),
    isEncrypted: enc === true,
    version: Number(version),
    others,
  };
}

/**
 * A server whose fields are what they should be; `where` names it, if it needs a name, for
 * `refuse`.
 */
export function checkServer(
  value: unknown,
  where: string,
  refuse: (why: string) => Error,
): Server {
  if (!isObject(value)) throw refuse(`${where} must be an object, not ${nameType(value)}`);
  const server = spellNames(value, serverFieldNames);
  for (const name of serverFieldNames) {
    const wanted = serverFields[name];
    if (server[name] === null) delete server[name];
    else if (server[name] !== undefined && nameType(server[name]) !== wanted) {
      const field = where === "" ? name : `${where}.${name}`;
      throw refuse(`${field} must be ${wanted}, not ${nameType(server[name])}`);
    }
  }
  return server as Server; // each field was just checked
}

/** The text of a configuration file as jf writes it, and after it what jf does not know. */
export function renderConfig(config: Omit<ConfigFile, "version">): string {
  return writeGoJson({
    servers: config.servers.map(orderFields),
    version: String(newestVersion),
    ...(config.isEncrypted ? { enc: true } : {}),
    ...config.others,
  });
}

function nameType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isInteger(value) ? "a whole number" : "a fraction";
  const names: Record<string, string> = { string: "text", boolean: "true or false" };
  return names[typeof value] ?? "an object";
}
