import { appError } from "../../errors/app_error.ts";
import { readClientCertificate } from "../client_certificate.ts";
import {
  checkAuthentication,
  findServer,
  givesCredentials,
  mergeServer,
  nameUser,
  putServer,
} from "../config/entry.ts";
import { openServerStore } from "../config/store.ts";
import { readClaims } from "../jwt.ts";
import { encryptPassword } from "../access/password_encryption.ts";
import { platformUrl, refusePassword, serviceUrl } from "../platform_url.ts";
import { defaultServerId, type Server } from "../server.ts";
import { idIn } from "../token_value.ts";
import { requireFile } from "../../runtime/files.ts";
import { type Deadline, startDeadline } from "../../wait/deadline.ts";
import type { Dialogue } from "./dialogue.ts";
import { chosenProviderType, exchangedToken, type OidcOptions } from "./oidc_login.ts";
import { askForServer, confirmInsecure, services } from "./questions.ts";

/** How a server is to be added or changed, beside what is given of it. */
export interface ChangeOptions extends OidcOptions {
  basicAuthOnly?: boolean;
  encPassword?: boolean;
  insecureTls?: boolean;
  /** False: chosen, so that what is missing is meant to be. */
  interactive?: boolean;
  /** Asks for the url of each service. */
  legacy?: boolean;
  overwrite?: boolean;
}

/** What jf's old commands were called: no server may be. */
const reservedIds = ["delete", "use", "show", "clear"];

/** How long a server may take to encrypt a password or exchange a token, in milliseconds. */
const exchangeMs = 60_000;

/**
 * Adds a server, or replaces one where `overwrite` says so, and gives it back, secrets in clear.
 * Throws `invalid-value`, `jfrog-server-exists`, `jfrog-server-invalid`, `answer-missing`, and what
 * the store, the questions and the exchanges throw.
 */
export async function addServer(
  dialogue: Dialogue,
  argument: string | undefined,
  given: Server,
  options: ChangeOptions,
): Promise<Server> {
  chosenProviderType(dialogue, options);
  const id = argument || await nameServer(dialogue);
  if (reservedIds.includes(id)) {
    const wanted = `none of ${reservedIds.join(", ")}`;
    throw appError("invalid-value", { name: "the server ID", value: id, wanted });
  }
  const store = openServerStore(dialogue.env);
  const refuseTaken = (servers: Server[]) => {
    const isTaken = servers.some(({ serverId }) => serverId === id);
    if (isTaken && !options.overwrite) throw appError("jfrog-server-exists", { id });
  };
  refuseTaken(await store.read(dialogue.signal, "as they are"));
  const exchanged: Exchanged = {};
  try {
    const server = await complete(dialogue, {}, given, options, exchanged);
    const servers = await store.change(
      (servers) => {
        refuseTaken(servers);
        return putServer(servers, { ...server, serverId: id });
      },
      dialogue.signal,
      "as they are",
    );
    return findServer(servers, id);
  } catch (error) {
    if (exchanged.token !== undefined) warnOfLost(exchanged.token, dialogue);
    throw error;
  }
}

/** The token that an id token was exchanged for, once it was. */
interface Exchanged {
  token?: string;
}

function warnOfLost(token: string, { surroundings: { warn, program } }: Dialogue): void {
  const id = idIn(token);
  const find = id === undefined ? `${program} access-token list shows it, and ` : "";
  warn(
    "The id token was exchanged for a token, which could not be kept: " +
      `${find}${program} access-token revoke ${id ?? "<id>"} revokes it`,
  );
}

/**
 * Changes what is given of a server, and gives it back, secrets in clear. Throws as `addServer`,
 * and `usage` where nothing is given and nobody asked.
 */
export async function editServer(
  dialogue: Dialogue,
  id: string,
  given: Server,
  options: ChangeOptions,
): Promise<Server> {
  const store = openServerStore(dialogue.env);
  const before = findServer(await store.read(dialogue.signal, "as they are"), id);
  if (!dialogue.isInteractive && Object.keys(given).length === 0 && !options.basicAuthOnly) {
    const help = "Give an option, such as --user, --url or --access-token-stdin.";
    throw appError("usage", { message: "There is nothing to change", help });
  }
  const server = await complete(dialogue, before, given, options);
  const changed = fieldsThatDiffer(before, server);
  const servers = await store.change(
    // another may have changed the rest of it meanwhile
    (servers) => putServer(servers, apply(findServer(servers, id), changed)),
    dialogue.signal,
    "as they are",
  );
  return findServer(servers, id);
}

async function nameServer({ env, ask, isInteractive }: Dialogue): Promise<string> {
  const standard = env["JFROG_CLI_SERVER_ID"] || defaultServerId;
  if (!isInteractive) return standard;
  const text = "Enter a unique server identifier";
  return await ask.line({ text, standard, option: "the server ID as an argument" });
}

/**
 * The server after the options, the user's answers, what is derived from them, and what servers
 * answer.
 */
async function complete(
  dialogue: Dialogue,
  before: Server,
  given: Server,
  options: ChangeOptions,
  exchanged: Exchanged = {},
): Promise<Server> {
  const { surroundings } = dialogue;
  await checkFiles(dialogue, given);
  checkAuthentication(given, options.basicAuthOnly === true);
  const answered = dialogue.isInteractive
    ? await askForServer(dialogue, before, given, {
      services: options.legacy === true,
      hasOtherLogin: Boolean(options.oidcProviderName),
    })
    : given;
  requireUrl(dialogue, before, answered, options);
  for (const [name, , option] of services) {
    refusePassword(answered[name], option);
    const given = answered[name]?.trim();
    if (given && !/^ssh:/i.test(given)) {
      answered[name] = serviceUrl(given, option, surroundings.warn);
    }
  }
  const { url } = answered;
  if (/^ssh:/i.test(url ?? "")) refusePassword(url, "--url");
  else if (url) answered.url = platformUrl(url, "--url", surroundings.warn);
  const token = await within(
    dialogue,
    (deadline) => exchangedToken(dialogue, options, answered.url, deadline),
  );
  if (token !== undefined) answered.accessToken = exchanged.token = token;
  const server = nameUser(mergeServer(before, answered), answered, surroundings.warn);
  checkAuthentication(server, options.basicAuthOnly === true);
  if (answered.password && !server.user) {
    const why = "There is a password, but no user whose it is";
    throw appError("jfrog-server-invalid", { why, remedy: "Give --user." });
  }
  const { exp = Infinity } = readClaims(answered.accessToken ?? "") ?? {};
  if (exp * 1000 < surroundings.now()) surroundings.warn("The access token has expired");
  await confirmInsecure(dialogue, server);
  const { user = "", password, artifactoryUrl } = server;
  if (answered.password && password && artifactoryUrl && options.encPassword !== false) {
    const artifactory = {
      url: artifactoryUrl,
      credentials: { user, password },
      insecureTls: options.insecureTls === true,
      ...clientCertificate(server),
    };
    server.password = await within(
      dialogue,
      (deadline) => encryptPassword(artifactory, surroundings, deadline),
    );
  }
  return withRefreshInterval(server, answered, options);
}

/** Gives `body` its own time limit: what a person takes to answer does not count. */
async function within<R>(
  { signal }: Dialogue,
  body: (deadline: Deadline) => Promise<R>,
): Promise<R> {
  const deadline = startDeadline(exchangeMs, signal);
  try {
    return await body(deadline);
  } finally {
    deadline.end();
  }
}

/**
 * Throws `answer-missing` where nobody is asked and the url is missing, unless asking was switched
 * off.
 */
function requireUrl(
  dialogue: Dialogue,
  before: Server,
  answered: Server,
  options: ChangeOptions,
): void {
  const merged = { ...before, ...answered };
  if (merged.url || merged.artifactoryUrl || options.interactive === false || dialogue.isInCi) {
    return;
  }
  throw appError("answer-missing", { question: "JFrog Platform URL", option: "--url" });
}

/** jf makes a token of user and password at its next command, unless it is told not to. */
function withRefreshInterval(server: Server, given: Server, options: ChangeOptions): Server {
  const { tokenRefreshInterval: _, ...rest } = server;
  if (options.basicAuthOnly) return rest;
  if (!givesCredentials(given)) return server;
  return server.user && server.password ? { ...rest, tokenRefreshInterval: 60 } : rest;
}

async function checkFiles({ signal }: Dialogue, given: Server): Promise<void> {
  const { sshKeyPath, clientCertPath, clientCertKeyPath } = given;
  for (const path of [sshKeyPath, clientCertPath, clientCertKeyPath]) {
    if (path) await requireFile(path);
  }
  const { clientCertificate: files } = clientCertificate(given);
  if (files !== undefined) await readClientCertificate(files, Date.now(), signal);
}

function clientCertificate({ clientCertPath, clientCertKeyPath }: Server) {
  if (!clientCertPath) return {};
  return {
    clientCertificate: { certPath: clientCertPath, keyPath: clientCertKeyPath || undefined },
  };
}

type Change = [name: string, value: unknown];

function fieldsThatDiffer(before: Server, after: Server): Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Server>;
  return [...names].filter((name) => before[name] !== after[name])
    .map((name) => [name, after[name]]);
}

function apply(server: Server, changes: Change[]): Server {
  const given = changes.filter(([, value]) => value !== undefined);
  const taken = changes.filter(([, value]) => value === undefined).map(([name]) => name);
  const kept = Object.entries(server).filter(([name]) => !taken.includes(name));
  return { ...Object.fromEntries(kept), ...Object.fromEntries(given) };
}
