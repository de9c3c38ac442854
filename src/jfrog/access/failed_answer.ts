import { type AppError, appError } from "../../errors/app_error.ts";
import type { FailedAnswer } from "../../errors/jfrog_errors.ts";
import { textOf } from "./json_answer.ts";
import type { HttpAnswer } from "../../network/http_exchange.ts";
import { retryAfterMs } from "../../network/retry_after.ts";
import { withoutTokens } from "../token_value.ts";

const excerptLength = 300;

/**
 * The error that an answer other than a success is; `secrets` are blanked out of what the server
 * says back. 400 and 422 are the user's to mend, 401 and 403 `access-refused`, 404
 * `access-not-found`, 409 `access-conflict`, 429 and 5xx `access-server-failed`, any other
 * `access-answer-unexpected`. Where the request `mints`, a failure behind which a token may be is
 * not to be retried.
 */
export function describeFailedAnswer(
  answer: HttpAnswer,
  url: string,
  secrets: string[],
  { mints = false }: { mints?: boolean } = {},
): AppError {
  const { status } = answer;
  const text = blank(textOf(answer), secrets);
  // JSON has many ways to write the same text
  const body = blankAll(parse(text), secrets);
  const data: FailedAnswer = {
    url,
    status,
    statusLine: blank(`${status} ${answer.statusText}`.trimEnd(), secrets),
    why: explain(body),
    ...(text === "" ? {} : { body }),
  };
  if (status === 400 || status === 422) return appError("access-request-invalid", data);
  if (status === 401 || status === 403) {
    const remedy = status === 401 ? wrongCredentials : mints ? aboveRights : noRights;
    return appError("access-refused", { ...data, remedy });
  }
  if (status === 404) return appError("access-not-found", data);
  if (status === 409) return appError("access-conflict", data);
  if (status === 429 || status >= 500) {
    const afterMs = retryAfterMs(answer.headers, Date.now());
    const retryable = !mints || !mayHaveActed(answer);
    return appError("access-server-failed", data, { retryable, retryAfterMs: afterMs });
  }
  return appError("access-answer-unexpected", data);
}

/**
 * True for an answer after which a request may have been obeyed all the same: what failed may have
 * failed after it, and a 303 is for what was done. A server is busy, 429 or 503, before it does
 * anything; but a 503 that does not say when to come again is also what a proxy says of a server
 * that broke off.
 */
export function mayHaveActed({ status, headers }: HttpAnswer): boolean {
  if (status === 503) return headers["retry-after"] === undefined;
  return status === 303 || status === 408 || status >= 500;
}

/** True for a success of whatever kind: a token that was made is not thrown away for its status. */
export function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

const wrongCredentials = "The token or password is wrong, has expired or was revoked.";
const aboveRights =
  "Only administrators may grant groups, roles, other users' tokens and long lives.";
const noRights = "The credentials are accepted, and do not allow this.";

/** Shorter than this, or a mere word shorter than that, a secret is found in prose by chance. */
const leastLength = 8;
const leastWordLength = 16;
/** From here on no text has it by chance, not within a word either. */
const unmistakableLength = 24;

/**
 * Text without the secrets, and without anything that looks like a token. A secret is left out
 * where it stands as a whole word. What may as well be a word of the server's own stays: to leave
 * out `password` would mangle the message, and tell what it is.
 */
export function blank(text: string, secrets: string[]): string {
  const left = secrets.filter(isTelling)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    .reduce((left, secret) => left.replaceAll(wholeWord(secret), "…"), text);
  return withoutTokens(left);
}

function isTelling(secret: string): boolean {
  return secret.length >= (/^\p{L}+$/u.test(secret) ? leastWordLength : leastLength);
}

function wholeWord(secret: string): RegExp {
  const exact = secret.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return new RegExp(
    secret.length >= unmistakableLength ? exact : `(?<![\\p{L}\\p{N}_])${exact}(?![\\p{L}\\p{N}_])`,
    "gu",
  );
}

/** The same for all text in a JSON value. */
function blankAll(value: unknown, secrets: string[]): unknown {
  if (typeof value === "string") return blank(value, secrets);
  if (Array.isArray(value)) return value.map((each) => blankAll(each, secrets));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [blank(name, secrets), blankAll(each, secrets)]),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What an error's body says, in one of the shapes there are (docs/spec/jfrog.md 1.7). */
function explain(body: unknown): string {
  if (typeof body === "string") return explainText(body);
  const { errors, message, detail, error, error_description } = fieldsOf(body);
  const messages = Array.isArray(errors)
    ? errors.map((each) => explain(each)).filter(Boolean)
    : [message, detail, error_description ?? error].filter((part) => typeof part === "string");
  return excerpt(messages.join("; "));
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {}; // any object
}

/** A page of HTML comes from something before the platform, and its title says most. */
function explainText(text: string): string {
  if (!/^\s*<(!doctype|html)/i.test(text)) return excerpt(text);
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1]?.trim();
  return `a page of HTML${title ? ` titled "${excerpt(title)}"` : ""}, not the platform's words`;
}

function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > excerptLength ? `${line.slice(0, excerptLength)}…` : line;
}
