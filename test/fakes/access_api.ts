import { Buffer } from "node:buffer";
import {
  createServer as createPlainServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createAuthority, loadAuthority } from "../../src/pki/authority.ts";
import { createKeyPair } from "../../src/pki/key_pair.ts";
import { AccessTokens, type ApiAnswer } from "./access_tokens.ts";

/** A request as it came in. */
export interface AccessCall {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** The body as it was sent, and what its JSON says. */
  text: string;
  body: unknown;
}

/** Answers a request in its own way; the server has looked at nothing of it. */
export type Misbehaviour = (call: AccessCall, response: ServerResponse) => void | Promise<void>;

/** A stand-in for the Access API, on loopback. */
export interface AccessApi {
  /** With a slash at its end. */
  readonly url: string;
  /** The authority its certificate is from, PEM; "" without TLS. */
  readonly ca: string;
  readonly calls: AccessCall[];
  readonly tokens: AccessTokens;
  /** Does so with the next request, the second one with the one after it, and so on. */
  misbehave(...behaviours: Misbehaviour[]): void;
  /** A client certificate of its authority, made at that time and good for a day. */
  clientCertificate(madeAt: number): Promise<{ cert: string; key: string }>;
  close(): Promise<void>;
}

/** How a stand-in differs from an honest one with TLS. */
export interface AccessApiOptions {
  plain?: boolean;
  /** The names its certificate is for; 127.0.0.1 and localhost by default. */
  hosts?: string[];
  /** When its certificate was made, in milliseconds since 1970; it is good for a day. */
  certifiedAt?: number;
  /** The version of Artifactory that it answers as; a current one by default. */
  version?: string;
  /** True if only clients with a certificate of its authority are let in. */
  wantsClientCertificate?: boolean;
}

/** Passwords of the stand-in's users; the one whose name is admin is an administrator. */
export const passwords = { admin: "CanaryAdminPassword1", alice: "CanaryAlicePassword1" };

const dayMs = 86_400_000;

/** Starts one on a free port. */
export async function startAccessApi(options: AccessApiOptions = {}): Promise<AccessApi> {
  const identity = options.plain ? undefined : await makeIdentity(options);
  const mutual = options.wantsClientCertificate
    ? { requestCert: true, rejectUnauthorized: true }
    : {};
  const server = identity === undefined
    ? createPlainServer()
    : createServer({ cert: identity.cert, key: identity.key, ca: identity.ca, ...mutual });
  const tokens = new AccessTokens(passwords, options.version);
  const calls: AccessCall[] = [];
  const queue: Misbehaviour[] = [];
  server.on("request", async (request: IncomingMessage, response: ServerResponse) => {
    request.on("error", () => {});
    response.on("error", () => {});
    const call = await readCall(request).catch(() => undefined);
    if (call === undefined) return; // who asked has gone
    calls.push(call);
    const misbehave = queue.shift();
    if (misbehave !== undefined) return await misbehave(call, response);
    send(response, answer(call, tokens));
  });
  server.on("tlsClientError", () => {}); // a client that does not trust us is no failure here
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const host = options.hosts?.[0] ?? "127.0.0.1";
  return {
    url: `${identity === undefined ? "http" : "https"}://${host}:${port}/`,
    ca: identity?.ca ?? "",
    calls,
    tokens,
    clientCertificate: (madeAt) => identity!.clientCertificate(madeAt),
    misbehave: (...behaviours) => void queue.push(...behaviours),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with that status and body, in a form the platform may use. */
export function answerWith(
  status: number,
  body: unknown = "",
  headers: Record<string, string> = {},
): Misbehaviour {
  return (_call, response) => {
    response.writeHead(status, headers);
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

/** Breaks the connection without an answer. */
export const hangUp: Misbehaviour = (_call, response) => void response.destroy();

async function readCall(request: IncomingMessage): Promise<AccessCall> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString("utf8");
  const { method = "", url: path = "", headers } = request;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { method, path, headers, text, body };
}

/** What the documentation of the API answers (docs/spec/jfrog.md 1.7, 5.1, 5.3). */
function answer(
  { method, path, headers, text, body }: AccessCall,
  tokens: AccessTokens,
): ApiAnswer {
  const { pathname, searchParams } = new URL(path, "http://localhost");
  if (pathname === "/artifactory/api/system/ping") return { status: 200, text: "OK" };
  const isJson = headers["content-type"] === "application/json";
  if (text !== "" && !isJson) return { status: 415 };
  if (method === "POST" && pathname === "/access/api/v1/oidc/token") return exchange(body, tokens);
  const { authorization } = headers;
  // who refreshes has often nothing but a token that has expired: the refresh token says enough
  const isRefresh = (body as { grant_type?: unknown })?.grant_type === "refresh_token"; // any JSON
  const caller = isRefresh ? { user: "", isAdmin: false } : tokens.callerOf(authorization);
  if (caller === undefined) {
    return { status: 401, body: { errors: [{ status: 401, message: "Bad credentials" }] } };
  }
  if (method === "GET" && pathname === "/artifactory/api/system/version") {
    return { status: 200, body: { version: tokens.version, revision: "1", addons: [] } };
  }
  const [, id] = /^\/access\/api\/v1\/tokens(?:\/([^/]+))?$/.exec(pathname) ?? [undefined, ""];
  if (id === "" || (method === "POST" && id !== undefined)) {
    return { status: 404, body: { errors: [{ code: "NOT_FOUND", message: "No such path" }] } };
  }
  if (method === "POST") return tokens.create(body, caller);
  if (method === "DELETE" && id === "revoke" && tokens.isSince("7.68")) {
    return tokens.revokeValue(body, caller);
  }
  if (method === "GET" && id === undefined) return tokens.list(searchParams, caller);
  if (method === "GET") return tokens.show(decodeURIComponent(id!), caller, authorization);
  if (method === "DELETE" && id !== undefined) {
    return tokens.revoke(decodeURIComponent(id), caller, authorization);
  }
  return { status: 405 };
}

/** The providers the stand-in knows are those whose name does not begin with "no". */
function exchange(body: unknown, tokens: AccessTokens): ApiAnswer {
  const fields = (body ?? {}) as Record<string, string>; // a stand-in's own small check follows
  const isGood = fields["grant_type"] === "urn:ietf:params:oauth:grant-type:token-exchange" &&
    fields["subject_token_type"] === "urn:ietf:params:oauth:token-type:id_token" &&
    !!fields["subject_token"] && /^(?!no)./.test(fields["provider_name"] ?? "");
  if (!isGood) {
    const error = { error: "invalid_request", error_description: "No identity mapping matched" };
    return { status: 400, body: error };
  }
  const { value, scope } = tokens.make("alice");
  const issued_token_type = "urn:ietf:params:oauth:token-type:access_token";
  return {
    status: 200,
    body: {
      access_token: value,
      issued_token_type,
      scope,
      token_type: "Bearer",
      username: "alice",
    },
  };
}

function send(response: ServerResponse, { status, body, text }: ApiAnswer): void {
  if (text !== undefined) {
    response.writeHead(status, { "content-type": "text/plain" });
    return void response.end(text);
  }
  response.writeHead(status, body === undefined ? {} : { "content-type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

async function makeIdentity({ hosts, certifiedAt = Date.now() }: AccessApiOptions) {
  const { certificatePem: ca, privateKeyPem } = await createAuthority("stand-in for JFrog", {
    now: Date.now() - 400 * dayMs,
    lifetimeMs: 1000 * dayMs,
  });
  const authority = await loadAuthority(ca, privateKeyPem);
  const request = async (now: number) => {
    const keys = await createKeyPair();
    const facts = { commonName: "stand-in for JFrog", publicKey: keys.publicKey };
    return {
      key: keys.privateKeyPem,
      signing: { ...facts, now, beginsAt: now - 300_000, lifetimeMs: dayMs },
    };
  };
  const { key, signing } = await request(certifiedAt);
  const { certificatePem: cert } = await authority.signServer({
    ...signing,
    hosts: hosts ?? ["127.0.0.1", "localhost"],
  });
  return {
    cert,
    key,
    ca,
    async clientCertificate(madeAt: number) {
      const { key, signing } = await request(madeAt);
      return { cert: (await authority.signClient(signing)).certificatePem, key };
    },
  };
}
