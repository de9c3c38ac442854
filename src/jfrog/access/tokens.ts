import { type AppError, appError, isAppError } from "../../errors/app_error.ts";
import type { HttpAnswer } from "../../network/http_exchange.ts";
import type { Deadline } from "../../wait/deadline.ts";
import { type AccessRequest, ask } from "./exchange.ts";
import { type AccessServer, type AccessSurroundings, secretsIn } from "../access_server.ts";
import { type CreatedToken, readCreatedToken } from "./created_token.ts";
import { describeFailedAnswer, isSuccess } from "./failed_answer.ts";
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

/** The calls of the Access API on tokens. All throw what `ask` and `describeFailedAnswer` do. */
export class AccessTokens {
  readonly #server: AccessServer;
  readonly #surroundings: AccessSurroundings;
  readonly #deadline: Deadline;

  constructor(server: AccessServer, surroundings: AccessSurroundings, deadline: Deadline) {
    this.#server = server;
    this.#surroundings = surroundings;
    this.#deadline = deadline;
  }

  /** Makes a token. Throws `access-answer-invalid` for a success without one. */
  async create(request: TokenRequest): Promise<CreatedToken> {
    return await this.#mint(request);
  }

  /** Makes a new token of a refresh token, which is used up then. */
  async refresh(refreshToken: string, accessToken: string | undefined): Promise<CreatedToken> {
    const body = refreshBody(refreshToken, accessToken);
    return await this.#mint(body, [refreshToken, accessToken ?? ""]);
  }

  async list(filter: TokenFilter): Promise<ListedToken[]> {
    const path = `${tokensPath}${queryOf(filter)}`;
    const answer = await this.#call({ method: "GET", path, maxBytes: maxListBytes });
    const url = this.#server.url + tokensPath;
    const tokens = readJsonObject(answer, url).get("tokens");
    if (Array.isArray(tokens) && tokens.every(isListed)) return tokens;
    throw appError("access-answer-invalid", { url, why: "there is no list of tokens in it" });
  }

  /** The token of that id; `me` is the one in use. Throws `invalid-value` for what can be none. */
  async show(id: string): Promise<ListedToken> {
    try {
      return await this.#showId(id);
    } catch (error) {
      const own = id === "me" && isAppError(error, "access-not-found") ? this.#ownId() : undefined;
      if (own === undefined) throw error;
      return await this.#showId(own);
    }
  }

  /**
   * Revokes the token of that id. Throws `invalid-value` as `show` does, and
   * `access-token-not-found` where the server can't tell which token `me` is.
   */
  async revoke(id: string): Promise<Revoked> {
    const path = pathOf(id);
    const answer = await this.#call({ method: "DELETE", path });
    const { url } = this.#server;
    if (isPage(textOf(answer))) {
      throw appError("access-answer-invalid", { url: url + path, why: notThePlatform });
    }
    if (answer.status !== 204) return { id, revoked: true };
    if (id !== "me") return { id, revoked: false };
    // an older server takes it for the id of another token: that is not there, and ours is
    const own = this.#ownId();
    if (own === undefined) throw appError("access-token-not-found", { url, isOwn: true });
    return await this.revoke(own);
  }

  /**
   * Revokes a token itself, which goes into no url. Throws `access-token-not-found` where the
   * server does not say whether it knows the token.
   */
  async revokeValue(token: string): Promise<Revoked> {
    const body = { type: "application/json", text: writeGoJson({ token }, 0) };
    const id = idIn(token);
    try {
      const answer = await this.#call({ method: "DELETE", path: revokePath, body }, [token]);
      // older servers take the path for an id that they do not know: 204
      const named = answer.status === 204 ? undefined : revokedId(answer);
      if (named !== undefined) return { id: named, revoked: true };
    } catch (error) {
      if (saysUnknown(error)) return await this.#missing(id);
      // by its value only an administrator may, whose own it is by its id
      const isOther = isAppError(error, "access-refused") && id !== undefined;
      if (!isOther && !isAppError(error, "access-answer-unexpected")) throw error;
    }
    if (id !== undefined) return await this.revoke(id);
    throw appError("access-token-not-found", { url: this.#server.url });
  }

  /**
   * What is to be said of a token that the server does not know. The text may be forged or damaged,
   * and the id in it that of a token that lives, which is not revoked for it.
   */
  async #missing(id: string | undefined): Promise<Revoked> {
    if (id === undefined) return { id: "", revoked: false };
    try {
      await this.#showId(id);
    } catch (error) {
      if (isAppError(error, "access-not-found")) return { id, revoked: false };
      throw error;
    }
    throw appError("access-token-not-found", { url: this.#server.url, namesakeId: id });
  }

  /** The id of the token that is asked with: servers know it by `me` since 7.53.1 only. */
  #ownId(): string | undefined {
    const { credentials } = this.#server;
    return credentials && "accessToken" in credentials ? idIn(credentials.accessToken) : undefined;
  }

  async #showId(id: string): Promise<ListedToken> {
    const path = pathOf(id);
    const url = this.#server.url + path;
    const answer = await this.#call({ method: "GET", path });
    const token = Object.fromEntries(readJsonObject(answer, url));
    if (isListed(token)) return token;
    throw appError("access-answer-invalid", { url, why: "there is no token_id in it" });
  }

  async #mint(body: object, secrets: string[] = []): Promise<CreatedToken> {
    const sent = { type: "application/json", text: writeGoJson(body, 0) };
    const request = { method: "POST", path: tokensPath, body: sent, mints: true } as const;
    const answer = await this.#call(request, secrets);
    return readCreatedToken(answer, this.#server.url + tokensPath, this.#surroundings.warn);
  }

  async #call(request: AccessRequest, secrets: string[] = []): Promise<HttpAnswer> {
    const { url, credentials } = this.#server;
    const answer = await ask(this.#server, request, this.#surroundings, this.#deadline);
    if (isSuccess(answer)) return answer;
    const known = [...secrets, ...secretsIn(credentials)];
    const place = url + request.path.replace(/\?.*$/s, "");
    throw this.#orRefresh(describeFailedAnswer(answer, place, known, request));
  }

  /** The error; of a token that is refused before its time, by our clock, with what may help. */
  #orRefresh(error: AppError): AppError {
    const { refreshableId: id } = this.#server;
    if (id === undefined || !isAppError(error, "access-refused")) return error;
    const { data } = error;
    if (data.status !== 401) return error;
    const command = `${this.#surroundings.program} access-token refresh --server-id "${id}"`;
    return appError("access-refused", { ...data, remedy: `${data.remedy} A new one: ${command}` });
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
