import { Buffer } from "node:buffer";
import { appError } from "../../errors/app_error.ts";
import { isObject, serverFieldNames, spellNames } from "./fields.ts";
import { checkServer } from "./file.ts";
import { writeGoJson } from "../go_json.ts";
import { defaultServerId, type Server } from "../server.ts";

const tokenVersion = 2;

/** The fields of a token in jf's order; what it calls refreshToken is Artifactory's. */
const fieldsOfJf = [
  "url",
  "artifactoryUrl",
  "distributionUrl",
  "xrayUrl",
  "missionControlUrl",
  "pipelinesUrl",
  "user",
  "password",
  "sshKeyPath",
  "sshPassphrase",
  "accessToken",
  "refreshToken",
  "tokenRefreshInterval",
  "clientCertPath",
  "clientCertKeyPath",
  "serverId",
] as const satisfies (keyof Server)[];

/** What jf's token has no place for; jf overlooks what it does not know. */
const fieldsOfOurs = [
  "xscUrl",
  "catalogUrl",
  "accessUrl",
  "webLogin",
  "disableTokenRefresh",
] as const satisfies (keyof Server)[];

/** What is of the file alone: which server is the default one is not for a token to say. */
const fieldsOfTheFile: readonly string[] = ["isDefault"];

/**
 * A server as one line of text that `importServer` and jf take (docs/spec/jfrog.md 4.5): secrets in
 * clear.
 */
export function exportServer(server: Server): string {
  const { artifactoryRefreshToken, refreshToken, ...rest } = server;
  const named: Server = { ...rest, refreshToken: artifactoryRefreshToken ?? "" };
  const known = fieldsOfJf.map((name) => [name, named[name]]);
  const ours = fieldsOfOurs.map((name) => [name, named[name]]);
  const filled = [
    ["version", tokenVersion],
    ...known,
    ...ours,
    ["platformRefreshToken", refreshToken],
  ].filter(([, value]) => value);
  const names: readonly string[] = serverFieldNames;
  const unknown = Object.entries(rest).filter(([name]) => !names.includes(name));
  return Buffer.from(writeGoJson(Object.fromEntries([...filled, ...unknown]), 0)).toString(
    "base64",
  );
}

/**
 * The server of such a line, of any version of it; fields that nobody knows yet are kept. Throws
 * `jfrog-token-invalid`, which quotes nothing.
 */
export function importServer(line: string): Server {
  // secrets of a CI service are often folded into lines
  const token = parse(line.replaceAll(/\s+/g, ""));
  const { version, platformRefreshToken, ...fields } = spellNames(token, [
    ...serverFieldNames,
    "version",
    "platformRefreshToken",
  ]);
  const kept = Object.entries(fields).filter(([name]) => !fieldsOfTheFile.includes(name));
  const { refreshToken, ...rest } = checkServer(Object.fromEntries(kept), "", invalid);
  const server: Server = rest;
  if (refreshToken) server.artifactoryRefreshToken = refreshToken;
  const platform = checkServer({ refreshToken: platformRefreshToken ?? null }, "platform", invalid);
  if (platform.refreshToken) server.refreshToken = platform.refreshToken;
  if ((typeof version === "number" ? version : 0) < tokenVersion && !server.artifactoryUrl) {
    server.artifactoryUrl = server.url ?? "";
    delete server.url;
  }
  if (!server.url && !server.artifactoryUrl) throw invalid("it names no server");
  return { ...server, serverId: server.serverId || defaultServerId };
}

function parse(text: string): Record<string, unknown> {
  if (text === "") throw invalid("it is empty");
  if (!/^[\w+/-]+=*$/.test(text)) throw invalid("it is not base64");
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
  } catch {
    throw invalid("what it encodes is not JSON");
  }
  if (!isObject(parsed)) throw invalid("what it encodes is not a JSON object");
  return parsed;
}

function invalid(why: string) {
  return appError("jfrog-token-invalid", { why });
}
