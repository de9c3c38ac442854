import { Buffer } from "node:buffer";
import { type AppError, appError, isAppError } from "../errors/app_error.ts";
import { readResources } from "../resources/yaml.ts";
import { codeOf } from "../network/connection_fault.ts";
import type { HttpAnswer } from "../network/http_exchange.ts";
import { retryAfterMs } from "../network/retry_after.ts";
import { type Deadline, isTimeout } from "../wait/deadline.ts";
import { formatDuration } from "../wait/duration.ts";
import { retry, type RetryDecision } from "../wait/retry.ts";
import { askGrantService, type RedeemSurroundings } from "./exchange.ts";
import { describeRefusal, isPassingStatus } from "./refusal.ts";
import type { UsableToken } from "./token_file.ts";

/** The parts of a request to the grant service beside the token itself. */
export interface RedemptionRequest {
  /** Names the Secret and Links of the answer. */
  name: string;
  /** Names the redeeming site; at most 64 printable characters. */
  subject: string;
  /** The certificate request (PKCS#10, DER) for our own key. Upstream's service ignores it. */
  csr: Uint8Array;
}

/** What a grant service tells a holder of the code. */
export interface TokenState {
  /** Undefined where the service does not tell, as upstream's. */
  usesLeft?: number;
  /** RFC 3339. */
  expiresAt?: string;
}

/** A failure that may pass, and how it is to be tried again. */
class PassingFailure extends Error {
  readonly failure: AppError;
  /** How many tries there are in all. */
  readonly tries: number;
  /** The time the server asked for. */
  readonly afterMs: number | undefined;

  constructor(failure: AppError, tries: number, afterMs?: number) {
    super(failure.message);
    this.failure = failure;
    this.tries = tries;
    this.afterMs = afterMs;
  }
}

/** With the usual back-off about two seconds. */
const connectionTries = 5;

/**
 * Redeems the token: one POST (docs/spec/redemption.md 2), again where that may help
 * and, our key being the same, is the same redemption to our service. Returns the answer's body,
 * which is not to be trusted. Throws `token-refused`, `token-expired`, `token-used-up`,
 * `token-revoked`, `token-unknown`, `grant-code-throttled`, `server-error`, `answer-invalid`,
 * `unreachable`, `tls-failed`, `timed-out`, and the interrupt's error.
 */
export async function requestRedemption(
  token: UsableToken,
  redemption: RedemptionRequest,
  deadline: Deadline,
  surroundings: RedeemSurroundings,
): Promise<Buffer> {
  const { url, ca, code } = token.spec;
  const request = {
    url,
    ca,
    method: "POST",
    headers: {
      name: redemption.name,
      subject: redemption.subject,
      csr: Buffer.from(redemption.csr).toString("base64"),
    },
    body: code,
  } as const;
  let last: AppError | undefined;
  const what = `the grant service at ${url}`;
  deadline.tell?.(what, undefined);
  try {
    return await retry(
      async () => {
        const answer = await askGrantService(request, surroundings, deadline.signal)
          .catch((error) => Promise.reject(passing(error)));
        if (answer.status === 200) return sized(answer, url);
        throw refused(token, answer, surroundings.now());
      },
      (error, number) => {
        if (error instanceof PassingFailure) last = error.failure;
        deadline.tell?.(what, last?.message);
        return decide(error, number, deadline);
      },
      deadline.signal,
    );
  } catch (error) {
    if (error instanceof PassingFailure) throw error.failure;
    if (!isTimeout(error)) throw error;
    throw appError("timed-out", {
      after: formatDuration(deadline.timeoutMs ?? 0),
      what,
      ...(last === undefined ? {} : { lastError: last.message }),
    }, { cause: last });
  }
}

/**
 * Asks how a token stands, which spends nothing. Throws `token-expired`, `token-used-up`,
 * `token-revoked` or `token-unknown` for one that can't be redeemed any more, `unreachable` and
 * `tls-failed`. Upstream's service does not answer such questions: nothing is known then.
 */
export async function probeToken(
  token: UsableToken,
  surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<TokenState> {
  const { url, ca, code } = token.spec;
  if (!/^[\x21-\x7e]+$/.test(code)) return {}; // a header can't carry it
  const request = { url, ca, method: "GET", headers: { code }, body: "" } as const;
  const answer = await askGrantService(request, surroundings, signal);
  if (answer.status === 404) throw describeRefusal(token, answer, surroundings.now());
  return answer.status === 200 ? readTokenState(answer, url) : {};
}

function decide(error: unknown, number: number, deadline: Deadline): RetryDecision {
  if (!(error instanceof PassingFailure) || number >= error.tries || deadline.timeoutMs === 0) {
    return "give-up";
  }
  const { afterMs } = error;
  if (afterMs === undefined) return "back-off";
  return afterMs < deadline.remainingMs() ? { afterMs } : "give-up";
}

/**
 * A connection that failed may succeed soon, unless the name is unknown or the wait was long
 * already.
 */
function passing(error: unknown): unknown {
  if (!isAppError(error, "unreachable")) return error;
  if (["ENOTFOUND", "ETIMEDOUT"].includes(codeOf(error.cause))) return error;
  return new PassingFailure(error, connectionTries);
}

function refused(token: UsableToken, answer: HttpAnswer, now: number): Error {
  const failure = describeRefusal(token, answer, now);
  if (!isPassingStatus(answer.status)) return failure;
  const afterMs = retryAfterMs(answer.headers, now);
  if (afterMs !== undefined) failure.retryAfterMs = afterMs;
  return new PassingFailure(failure, Infinity, afterMs);
}

/** An answer of unknown length can be cut off without a trace: its last Links would be missing. */
function sized(answer: HttpAnswer, url: string): Buffer {
  const { "content-length": length, "transfer-encoding": encoding } = answer.headers;
  if (length !== undefined || encoding === "chunked") return answer.body;
  throw appError("answer-invalid", { url, why: "it does not say how long it is" });
}

/** What a grant service says of a token that it was asked about. */
export function readTokenState(answer: HttpAnswer, url: string): TokenState {
  try {
    const text = answer.body.toString("utf8");
    const [{ usesLeft, expires } = {}] = readResources(text, url, { untrusted: true });
    return {
      ...(typeof usesLeft === "number" ? { usesLeft } : {}),
      ...(typeof expires === "string" ? { expiresAt: expires } : {}),
    };
  } catch {
    return {};
  }
}
