import { appError } from "../../errors/app_error.ts";
import type { HttpAnswer } from "../../network/http_exchange.ts";
import { readJsonObject } from "./json_answer.ts";
import { readClaims } from "../jwt.ts";
import { timeOf } from "./token_time.ts";

/** What a server answers to a request for a token, in the order in which jf prints it. */
export interface CreatedToken {
  scope?: string;
  access_token: string;
  /** Seconds. */
  expires_in?: number;
  token_type?: string;
  refreshable?: boolean;
  refresh_token?: string;
  grant_type?: string;
  audience?: string;
  reference_token?: string;
  token_id?: string;
}

const kinds: Record<keyof CreatedToken, "string" | "number" | "boolean"> = {
  scope: "string",
  access_token: "string",
  expires_in: "number",
  token_type: "string",
  refreshable: "boolean",
  refresh_token: "string",
  grant_type: "string",
  audience: "string",
  reference_token: "string",
  token_id: "string",
};

/**
 * The token in an answer. A field of another kind than it should be is left out with a warning: the
 * token exists, whatever is said beside it (jf fails and loses it, docs/spec/jfrog.md 1.6). Throws
 * `access-answer-invalid` for an answer without a token.
 */
export function readCreatedToken(
  answer: HttpAnswer,
  url: string,
  warn: (text: string) => void,
): CreatedToken {
  const fields = readJsonObject(answer, url, { mints: true });
  const token: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(kinds)) {
    const value = fields.get(name);
    if (value === undefined || value === null || value === "") continue;
    if (isOf(kind, value)) token[name] = value;
    else warn(`The server's ${name} is left out: it is not a ${words[kind]}`);
  }
  const { access_token } = token;
  if (typeof access_token === "string") return { ...token, access_token };
  const why = "there is no token in it";
  throw appError("access-answer-invalid", { url, why, mints: true });
}

const words = { string: "text", number: "whole number", boolean: "true or false" };

function isOf(kind: "string" | "number" | "boolean", value: unknown): boolean {
  if (kind === "number") return Number.isSafeInteger(value) && Number(value) >= 0;
  const found = typeof value;
  return found === kind;
}

/**
 * When a token expires (RFC 3339, UTC): as it says itself, else by its life from `now` in
 * milliseconds.
 */
export function expiryOf(
  { access_token, expires_in }: CreatedToken,
  now: number,
): string | undefined {
  const seconds = readClaims(access_token)?.exp ??
    (expires_in ? Math.floor(now / 1000) + expires_in : undefined);
  return seconds === undefined ? undefined : timeOf(seconds);
}
