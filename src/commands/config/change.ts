import type { CommandContext } from "../../cli/context.ts";
import { appError } from "../../errors/app_error.ts";
import { readClientCertificate } from "../../jfrog/client_certificate.ts";
import {
  checkAuthentication,
  findServer,
  givesCredentials,
  mergeServer,
  nameUser,
  putServer,
} from "../../jfrog/config/entry.ts";
import { openServerStore } from "../../jfrog/config/store.ts";
import { readClaims } from "../../jfrog/jwt.ts";
import { encryptPassword } from "../../jfrog/access/password_encryption.ts";
import { platformUrl, refusePassword } from "../../jfrog/platform_url.ts";
import { defaultServerId, type Server } from "../../jfrog/server.ts";
import { requireFile } from "../../runtime/files.ts";
import { type Deadline, startDeadline } from "../../wait/deadline.ts";
import { chosenProviderType, exchangedToken, type OidcOptions } from "./oidc.ts";
import { givenServer, isInCi, type ServerOptions } from "./options.ts";
import { askForServer, confirmInsecure, services } from "./questions.ts";
import { maskServer } from "./text.ts";
import { surroundingsOf } from "../jfrog/surroundings.ts";

/** What jf's old commands were called: no server may be. */
const reservedIds = ["delete", "use", "show", "clear"];

/** How long a server may take to encrypt a password or exchange a token, in milliseconds. */
const exchangeMs = 60_000;

/** Adds a server, or replaces one where `overwrite` says so; gives it back without its secrets. */
export async function addServer(
  context: CommandContext,
  argument: string | undefined,
  options: ServerOptions & OidcOptions & { overwrite?: boolean },
) {
  const given = await givenServer(context, options);
  chosenProviderType(context, options);
  const id = argument || await nameServer(context, options);
  if (reservedIds.includes(id)) {
    const wanted = `none of ${reservedIds.join(", ")}`;
    throw appError("invalid-value", { name: "the server ID", value: id, wanted });
  }
  const store = openServerStore(context.env);
  const refuseTaken = (servers: Server[]) => {
    const isTaken = servers.some(({ serverId }) => serverId === id);
    if (isTaken && !options.overwrite) throw appError("jfrog-server-exists", { id });
  };
  refuseTaken(await store.read(context.signal));
  const server = await complete(context, {}, given, options);
  const servers = await store.change((servers) => {
    refuseTaken(servers);
    return putServer(servers, { ...server, serverId: id });
  }, context.signal);
  return maskServer(findServer(servers, id));
}

/** Changes what is given of a server; gives it back without its secrets. */
export async function editServer(context: CommandContext, id: string, options: ServerOptions) {
  const given = await givenServer(context, options);
  const store = openServerStore(context.env);
  const before = findServer(await store.read(context.signal), id);
  const server = await complete(context, before, given, options);
  const changed = fieldsThatDiffer(before, server);
  const servers = await store.change(
    // another may have changed the rest of it meanwhile
    (servers) => putServer(servers, apply(findServer(servers, id), changed)),
    context.signal,
  );
  return maskServer(findServer(servers, id));
}

async function nameServer(context: CommandContext, options: ServerOptions): Promise<string> {
  const standard = context.env["JFROG_CLI_SERVER_ID"] || defaultServerId;
  if (!isInteractive(context, options)) return standard;
  const text = "Enter a unique server identifier";
  return await context.ask.line({ text, standard, option: "the server ID as an argument" });
}

function isInteractive(context: CommandContext, { interactive }: ServerOptions): boolean {
  return interactive ?? (context.stdinIsTerminal && !isInCi(context));
}

/** What a server becomes by what is given, asked for, derived, and answered by servers. */
async function complete(
  context: CommandContext,
  before: Server,
  given: Server,
  options: ServerOptions & OidcOptions,
): Promise<Server> {
  await checkFiles(context, given);
  checkAuthentication(given, options.basicAuthOnly === true);
  const asks = isInteractive(context, options);
  const answered = asks
    ? await askForServer(context, before, given, {
      services: options.legacy === true,
      hasOtherLogin: Boolean(options.oidcProviderName),
    })
    : given;
  requireUrl(context, before, answered, options);
  for (const [name, , option] of services) refusePassword(answered[name], option);
  const { url } = answered;
  if (/^ssh:/i.test(url ?? "")) refusePassword(url, "--url");
  else if (url) answered.url = platformUrl(url, "--url", context.warn);
  const surroundings = surroundingsOf(context);
  const token = await within(
    context,
    (deadline) => exchangedToken(context, options, answered.url, surroundings, deadline),
  );
  if (token !== undefined) answered.accessToken = token;
  const server = nameUser(mergeServer(before, answered), answered, context.warn);
  checkAuthentication(server, options.basicAuthOnly === true);
  if (answered.password && !server.user) {
    const why = "There is a password, but no user whose it is";
    throw appError("jfrog-server-invalid", { why, remedy: "Give --user." });
  }
  const { exp = Infinity } = readClaims(answered.accessToken ?? "") ?? {};
  if (exp * 1000 < surroundings.now()) context.warn("The access token has expired");
  await confirmInsecure(context, server, asks);
  const { user = "", password, artifactoryUrl } = server;
  if (answered.password && password && artifactoryUrl && options.encPassword !== false) {
    const artifactory = {
      url: artifactoryUrl,
      credentials: { user, password },
      insecureTls: options.insecureTls === true,
      ...clientCertificate(server),
    };
    server.password = await within(
      context,
      (deadline) => encryptPassword(artifactory, surroundings, deadline),
    );
  }
  return withRefreshInterval(server, answered, options);
}

/** Gives `body` its own time limit: what a person takes to answer does not count. */
async function within<R>(
  { signal }: CommandContext,
  body: (deadline: Deadline) => Promise<R>,
): Promise<R> {
  const deadline = startDeadline(exchangeMs, signal);
  try {
    return await body(deadline);
  } finally {
    deadline.end();
  }
}

/** Who is asked nothing, and did not choose so, is told what is missing. */
function requireUrl(
  context: CommandContext,
  before: Server,
  answered: Server,
  options: ServerOptions,
): void {
  const merged = { ...before, ...answered };
  if (merged.url || merged.artifactoryUrl || options.interactive === false || isInCi(context)) {
    return;
  }
  throw appError("answer-missing", { question: "JFrog Platform URL", option: "--url" });
}

/** jf makes a token of user and password at its next command, unless it is told not to. */
function withRefreshInterval(server: Server, given: Server, options: ServerOptions): Server {
  const { tokenRefreshInterval: _, ...rest } = server;
  if (options.basicAuthOnly) return rest;
  if (!givesCredentials(given)) return server;
  return server.user && server.password ? { ...rest, tokenRefreshInterval: 60 } : rest;
}

async function checkFiles({ signal }: CommandContext, given: Server): Promise<void> {
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
