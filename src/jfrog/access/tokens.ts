import { appError, isAppError } from "../../errors/app_error.ts";
import type { HttpAnswer } from "../../network/http_exchange.ts";
import type { Deadline } from "../../wait/deadline.ts";
import { type AccessRequest, ask } from "./exchange.ts";
import { type AccessServer, type AccessSurroundings, secretsIn } from "../access_server.ts";
import { type CreatedToken, readCreatedToken } from "./created_token.ts";
import { describeFailedAnswer } from "./failed_answer.ts";
import { writeGoJson } from "../go_json.ts";
import { isPage, notThePlatform, readJsonObject, textOf } from "./json_answer.ts";
import { idIn, isTokenId } from "../token_value.ts";
import { type TokenRequest, tokensPath } from "./token_request.ts";

/** A token as the server lists it; times are seconds since 1970. */
export interface ListedToken {
  token_id: string;
  subject?: string;
  expiry?: number;
  issued_at?: number;
  issuer?: string;
  description?: string;
  refreshable?: boolean;
  [other: string]: unknown;
}

/** What a list is narrowed by, in the server's terms; undefined is not sent. */
export interface TokenFilter {
  description?: string | undefined;
  username?: string | undefined;
  refreshable?: boolean | undefined;
  scope?: string | undefined;
  order_by?: string | undefined;
  descending_order?: boolean | undefined;
}

/** A list of all an instance's tokens. */
const maxListBytes = 256 * 1024 * 1024;

/** The calls of the Access API on tokens. All throw what `ask` and `describeFailedAnswer` do. */
export interface AccessTokens {
  /** Makes a token. Throws `access-answer-invalid` for a success without one. */
  create(request: TokenRequest): Promise<CreatedToken>;
  /** Makes a new token of a refresh token, which is used up then. */
  refresh(refreshToken: string, accessToken: string | undefined): Promise<CreatedToken>;
  list(filter: TokenFilter): Promise<ListedToken[]>;
  /** The token of that id; `me` is the one in use. Throws `invalid-value` for what can be none. */
  show(id: string): Promise<ListedToken>;
  /**
   * Revokes the token of that id. Throws `invalid-value` as `show` does, and
   * `access-token-not-found` where the server can't tell which token `me` is.
   */
  revoke(id: string): Promise<Revoked>;
  /**
   * Revokes a token itself, which goes into no url. Throws `access-token-not-found` where the
   * server does not say whether it knows the token.
   */
  revokeValue(token: string): Promise<Revoked>;
}

/** What became of a token to be revoked. */
export interface Revoked {
  /** Its id; "" where nobody knows it. */
  id: string;
  /** False for one that is revoked already, or never was. */
  revoked: boolean;
}

/**
 * Below this path a token is revoked by its value, since Artifactory 7.68 (docs/spec/jfrog.md 5.3).
 */
const revokePath = `${tokensPath}/revoke`;

/** The tokens of a server. */
export function openAccessTokens(
  server: AccessServer,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): AccessTokens {
  async function call(request: AccessRequest, secrets: string[] = []): Promise<HttpAnswer> {
    const answer = await ask(server, request, surroundings, deadline);
    if (answer.status >= 200 && answer.status < 300) return answer;
    const known = [...secrets, ...secretsIn(server.credentials)];
    const url = server.url + request.path.replace(/\?.*$/s, "");
    throw describeFailedAnswer(answer, url, known, request);
  }

  async function mint(body: object, secrets: string[] = []): Promise<CreatedToken> {
    const sent = { type: "application/json", text: writeGoJson(body, 0) };
    const request = { method: "POST", path: tokensPath, body: sent, mints: true } as const;
    const answer = await call(request, secrets);
    return readCreatedToken(answer, server.url + tokensPath, surroundings.warn);
  }

  return {
    create: (request) => mint(request),
    refresh: (refreshToken, accessToken) =>
      mint(refreshBody(refreshToken, accessToken), [refreshToken, accessToken ?? ""]),
    async list(filter) {
      const path = `${tokensPath}${queryOf(filter)}`;
      const answer = await call({ method: "GET", path, maxBytes: maxListBytes });
      const url = server.url + tokensPath;
      const tokens = readJsonObject(answer, url).get("tokens");
      if (Array.isArray(tokens) && tokens.every(isListed)) return tokens;
      throw appError("access-answer-invalid", { url, why: "there is no list of tokens in it" });
    },
    async show(id) {
      try {
        return await showId(id);
      } catch (error) {
        const own = id === "me" && isAppError(error, "access-not-found") ? ownId() : undefined;
        if (own === undefined) throw error;
        return await showId(own);
      }
    },
    revoke: revokeId,
    revokeValue,
  };

  /** The id of the token that is asked with: servers know it by `me` since 7.53.1 only. */
  function ownId(): string | undefined {
    const { credentials } = server;
    return credentials && "accessToken" in credentials ? idIn(credentials.accessToken) : undefined;
  }

  async function showId(id: string): Promise<ListedToken> {
    const path = pathOf(id);
    const url = server.url + path;
    const token = Object.fromEntries(readJsonObject(await call({ method: "GET", path }), url));
    if (isListed(token)) return token;
    throw appError("access-answer-invalid", { url, why: "there is no token_id in it" });
  }

  async function revokeId(id: string): Promise<Revoked> {
    const path = pathOf(id);
    const answer = await call({ method: "DELETE", path });
    if (isPage(textOf(answer))) {
      throw appError("access-answer-invalid", { url: server.url + path, why: notThePlatform });
    }
    if (answer.status !== 204) return { id, revoked: true };
    if (id !== "me") return { id, revoked: false };
    // an older server takes it for the id of another token: that is not there, and ours is
    const own = ownId();
    if (own === undefined) {
      throw appError("access-token-not-found", { url: server.url, isOwn: true });
    }
    return await revokeId(own);
  }

  async function revokeValue(token: string): Promise<Revoked> {
    const body = { type: "application/json", text: writeGoJson({ token }, 0) };
    const id = idIn(token);
    try {
      const answer = await call({ method: "DELETE", path: revokePath, body }, [token]);
      // older servers take the path for an id that they do not know: 204
      const named = answer.status === 204 ? undefined : revokedId(answer);
      if (named !== undefined) return { id: named, revoked: true };
    } catch (error) {
      if (saysUnknown(error)) return await missing(id);
      // by its value only an administrator may, whose own it is by its id
      const isOther = isAppError(error, "access-refused") && id !== undefined;
      if (!isOther && !isAppError(error, "access-answer-unexpected")) throw error;
    }
    if (id !== undefined) return await revokeId(id);
    throw appError("access-token-not-found", { url: server.url });
  }

  /**
   * What is to be said of a token that the server does not know. The text may be forged or damaged,
   * and the id in it that of a token that lives, which is not revoked for it.
   */
  async function missing(id: string | undefined): Promise<Revoked> {
    if (id === undefined) return { id: "", revoked: false };
    try {
      await showId(id);
    } catch (error) {
      if (isAppError(error, "access-not-found")) return { id, revoked: false };
      throw error;
    }
    throw appError("access-token-not-found", { url: server.url, namesakeId: id });
  }
}

/** The body of a refresh, in jf's order (docs/spec/jfrog.md 5.2). */
function refreshBody(refreshToken: string, accessToken: string | undefined) {
  return {
    access_token: accessToken,
    refreshable: true,
    refresh_token: refreshToken,
    grant_type: "refresh_token",
  };
}

/** True for the platform's own 404: one of a proxy, or of a wrong url, says nothing of a token. */
function saysUnknown(error: unknown): boolean {
  return isAppError(error, "access-not-found") && typeof error.data.body === "object";
}

/** The id in an answer to a revocation by value; undefined where it does not speak of one. */
function revokedId({ body }: HttpAnswer): string | undefined {
  const [, id] = /"revoked-token-id"\s*:\s*"([\w-]+)"/.exec(body.toString("utf8")) ?? [];
  return id;
}

/** Nothing but an id comes into a path: what is none may be a secret, and is not shown. */
function pathOf(id: string): string {
  if (id === "me" || isTokenId(id)) return `${tokensPath}/${id}`;
  throw appError("invalid-value", { name: "the id", value: "…", wanted: "a token_id, or me" });
}

function queryOf(filter: TokenFilter): string {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

function isListed(token: unknown): token is ListedToken {
  return typeof token === "object" && token !== null &&
    typeof (token as { token_id?: unknown }).token_id === "string"; // any object may be asked
}
