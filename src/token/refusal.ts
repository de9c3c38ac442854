import type { Buffer } from "node:buffer";
import { type AppError, appError } from "../errors/app_error.ts";
import { tokenAnnotations } from "../resources/access_token.ts";
import { sayDuration } from "../wait/duration.ts";
import type { HttpAnswer } from "../network/http_exchange.ts";
import type { UsableToken } from "./token_file.ts";

/** A smaller difference of clocks explains nothing. */
const clockToleranceMs = 5 * 60_000;

/**
 * True for answers that another try may not get: 503 is what upstream's service gives under
 * contention.
 */
export function isPassingStatus(status: number): boolean {
  // upstream's 500 has burned a use already
  return [429, 502, 503, 504].includes(status);
}

/**
 * What a grant service means by any answer but 200 (docs/spec/redemption.md 4); ours
 * says why a token is spent in the header `reason`. `now` is this machine's time in milliseconds.
 */
export function describeRefusal(
  token: UsableToken,
  answer: Pick<HttpAnswer, "status" | "headers" | "body">,
  now: number,
): AppError {
  const { url, code } = token.spec;
  const { status, headers } = answer;
  const body = excerptBody(answer.body, code);
  if (status >= 300 && status < 400) {
    return appError("answer-invalid", {
      url,
      why: `it is a redirection (${status}), and those are not followed`,
    });
  }
  if (status === 403) return appError("token-refused", { url });
  if (status === 404) return describeSpent(token, headers, body, now);
  if (status === 429) {
    const seconds = Number(headers["retry-after"]) || 1;
    return appError("grant-code-throttled", { url, seconds });
  }
  return appError("server-error", { url, status, body });
}

/**
 * The beginning of an answer, fit for a terminal; without the code, which a server may say back.
 */
function excerptBody(body: Buffer, code: string): string {
  const text = body.toString("utf8").replaceAll(code, "…");
  // deno-lint-ignore no-control-regex -- what a terminal would obey is what is taken out
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, " ").trim().slice(0, 200);
}

function describeSpent(
  token: UsableToken,
  headers: HttpAnswer["headers"],
  body: string,
  now: number,
): AppError {
  const { name } = token.metadata;
  const { reason } = headers;
  if (reason === "damaged") return appError("token-closed", { token: name });
  if (reason === "used-up" || body === "No such access granted") {
    return appError("token-used-up", { token: name });
  }
  if (reason === "revoked") return appError("token-revoked", { token: name });
  const serverNow = Date.parse(headers.date ?? "") || now;
  const expires = Date.parse(token.metadata.annotations?.[tokenAnnotations.expires] ?? "");
  if (reason === "expired" || expires <= serverNow) {
    const clock = describeClock(serverNow, now);
    return appError("token-expired", { token: name, ...(clock === undefined ? {} : { clock }) });
  }
  return appError("token-unknown", { token: name });
}

function describeClock(serverNow: number, now: number): string | undefined {
  const ahead = now - serverNow;
  if (Math.abs(ahead) < clockToleranceMs) return undefined;
  const minutes = Math.round(Math.abs(ahead) / 60_000);
  return `this machine's clock is ${sayDuration(minutes * 60_000)} ` +
    `${ahead > 0 ? "ahead of" : "behind"} the grant service's`;
}
