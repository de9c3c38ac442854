import { Buffer } from "node:buffer";
import { type AppError, appError, isAppError } from "../../errors/app_error.ts";
import { brokeBefore, faultOf } from "../../network/answer_fault.ts";
import { codeOf } from "../../network/connection_fault.ts";
import { exchange, type HttpAnswer } from "../../network/http_exchange.ts";
import { chooseProxy, proxyAuthorization } from "../../network/proxy.ts";
import { retryAfterMs } from "../../network/retry_after.ts";
import { version } from "../../version.ts";
import { type Deadline, isTimeout } from "../../wait/deadline.ts";
import { formatDuration } from "../../wait/duration.ts";
import { backOffMs, retry, type RetryDecision } from "../../wait/retry.ts";
import { isAskedForUrl, mayPass, openConnection } from "./connection.ts";
import {
  type AccessServer,
  type AccessSurroundings,
  authorization,
  isLocal,
} from "../access_server.ts";
import { blank, mayHaveActed } from "./failed_answer.ts";
import { findRefusal, isAlert } from "./refused_connection.ts";
import { refusePassword } from "../platform_url.ts";

/** A request to a service of the platform. */
export interface AccessRequest {
  method: "GET" | "POST" | "DELETE";
  /** Below the server's url, with its query. */
  path: string;
  /** As it is sent; undefined for none. */
  body?: { type: string; text: string };
  /** True if the server may have made a token although its answer never came. */
  mints?: boolean;
  /** What the answer may have; 1 MiB by default. */
  maxBytes?: number;
}

/** With the usual back-off about two seconds. */
const connectionTries = 5;
const maxRedirects = 3;
const maxAnswerBytes = 1024 * 1024;

/** An answer that asks to come again. */
class ComeAgain extends Error {
  readonly answer: HttpAnswer;
  readonly afterMs: number;

  constructor(answer: HttpAnswer, afterMs: number) {
    super(`answered ${answer.status}`);
    this.answer = answer;
    this.afterMs = afterMs;
  }
}

/**
 * Makes a request, and gives back the answer, whatever its status. It is made again only where it
 * can't have been obeyed: a connection that did not come about, and 429 or 503 with a Retry-After
 * within the deadline. Redirects are followed within the server, and refused beyond it. Throws
 * `unreachable`, `tls-failed`, `access-redirected`, `access-answer-invalid`, `invalid-value`,
 * `timed-out`, the interrupt's error, and `access-answer-lost` where a request that mints was sent;
 * what ends the wait for its answer is warned of.
 */
export async function ask(
  server: AccessServer,
  request: AccessRequest,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<HttpAnswer> {
  refusePassword(server.url, "the server's url");
  const url = new URL(request.path, server.url);
  if (url.protocol === "http:" && !isLocal(url)) {
    surroundings.warn(`${url.origin} is not asked by https: credentials can be read on the way`);
  }
  const headers = headersOf(server, request, surroundings);
  const sending: Sending = { server, request, headers, surroundings, deadline, isUnderWay: false };
  let last: AppError | undefined;
  try {
    const answer = await retry(
      () => follow(sending, url),
      (error, number) => {
        if (isAppError(error)) last = error;
        return decide(error, number, sending);
      },
      deadline.signal,
    );
    if (request.mints && mayHaveActed(answer)) warnOfToken(url, surroundings);
    return answer;
  } catch (error) {
    if (error instanceof ComeAgain) return error.answer;
    if (sending.isUnderWay && deadline.signal.aborted) warnOfToken(url, surroundings);
    if (!isTimeout(error)) throw error;
    throw appError("timed-out", {
      after: formatDuration(deadline.timeoutMs ?? 0),
      what: `the answer of ${shown(url)}`,
      ...(last === undefined ? {} : { lastError: last.message }),
    }, { cause: error, retryable: !sending.isUnderWay });
  }
}

/** One request on its way, with whether its effect is in the dark. */
interface Sending {
  server: AccessServer;
  request: AccessRequest;
  headers: Record<string, string>;
  surroundings: AccessSurroundings;
  deadline: Deadline;
  isUnderWay: boolean;
}

function headersOf(
  { credentials }: AccessServer,
  { body }: AccessRequest,
  { env, detail }: AccessSurroundings,
): Record<string, string> {
  const trace = Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString("hex");
  const agent = env["JFROG_CLI_USER_AGENT"] || `hawser/${version}`;
  if (!/^[ -~]+$/.test(agent)) {
    const wanted = "one line of ASCII text";
    throw appError("invalid-value", { name: "JFROG_CLI_USER_AGENT", value: agent, wanted });
  }
  detail(`Trace ID for JFrog Platform logs: ${trace}`);
  return {
    "user-agent": agent,
    ...(credentials === undefined ? {} : { authorization: authorization(credentials) }),
    ...(body === undefined ? {} : { "content-type": body.type }),
    "uber-trace-id": `${trace}:${trace}:0:0`,
  };
}

/** Sends the request to `url`, and on to where the same server wants it. */
async function follow(sending: Sending, start: URL): Promise<HttpAnswer> {
  let url = start;
  for (let redirects = 0;; redirects++) {
    const answer = await sendOnce(sending, url);
    const wait = retryAfterMs(answer.headers, sending.surroundings.now());
    if ([429, 503].includes(answer.status) && wait !== undefined) throw new ComeAgain(answer, wait);
    const { location } = answer.headers;
    if (![301, 302, 307, 308].includes(answer.status) || location === undefined) return answer;
    const next = URL.parse(location, url);
    if (next?.origin !== start.origin) {
      throw appError("access-redirected", { url: shown(url), to: next ? shown(next) : "nowhere" });
    }
    if (redirects === maxRedirects) {
      const why = `it redirects more than ${maxRedirects} times`;
      throw appError("access-answer-invalid", { url: shown(start), why });
    }
    url = next;
  }
}

async function sendOnce(sending: Sending, url: URL): Promise<HttpAnswer> {
  const { server, request, headers, surroundings, deadline: { signal } } = sending;
  const { method, body, maxBytes = maxAnswerBytes } = request;
  surroundings.detail(`${method} ${shown(url)}`);
  const proxy = chooseProxy(url, surroundings.env);
  if (proxy !== undefined) surroundings.detail(`Through the proxy ${proxy.host}`);
  const asksProxy = isAskedForUrl(proxy, url);
  const socket = await openConnection(url, proxy, server, surroundings, signal);
  const sent = {
    url,
    method,
    headers: { ...headers, ...(asksProxy ? proxyAuthorization(proxy) : {}) },
    body: body?.text ?? "",
    asksProxy,
  };
  sending.isUnderWay = request.mints === true;
  try {
    const answer = await exchange(socket, sent, maxBytes, signal);
    sending.isUnderWay = false;
    // not in the server's words: it may say anything, secrets too
    surroundings.detail(`Answered ${answer.status}`);
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    const isBroken = faultOf(error) === undefined || codeOf(error).startsWith("HPE_");
    const refusal = request.mints && isBroken
      ? await findRefusal(url, proxy, server, surroundings, signal)
      : undefined;
    throw explainBreak(refusal ?? error, request, url);
  }
}

/** What ended an exchange after its request may have been sent. */
function explainBreak(
  error: unknown,
  request: AccessRequest,
  url: URL,
): AppError {
  const code = codeOf(error);
  const data = { url: shown(url) };
  if (isAppError(error, "tls-failed")) return error;
  // a server refuses a client certificate once the client thinks that it is connected
  if (isAlert(error)) {
    const why = `it refused the client certificate, or the lack of one (${code})`;
    const hint = "--client-cert-path and --client-cert-key-path name one.";
    return appError("tls-failed", { url: url.origin, why, hint }, { cause: error });
  }
  const why = faultOf(error);
  if (request.mints) {
    const lost = why ?? brokeBefore("it");
    return appError("access-answer-lost", { ...data, why: lost }, { cause: error });
  }
  if (why !== undefined) {
    return appError("access-answer-invalid", { ...data, why }, { cause: error });
  }
  return appError("unreachable", { ...data, why: brokeBefore("its answer") }, { cause: error });
}

function decide(
  error: unknown,
  number: number,
  { deadline, surroundings }: Sending,
): RetryDecision {
  if (deadline.timeoutMs === 0) return "give-up";
  if (error instanceof ComeAgain) {
    const { answer } = error;
    // a server that says "at once" and means it not is not asked without a pause
    const afterMs = Math.max(error.afterMs, backOffMs(number));
    if (afterMs >= deadline.remainingMs()) return "give-up";
    const seconds = Math.ceil(afterMs / 1000);
    surroundings.progress(`The server answered ${answer.status}; asking again in ${seconds} s...`);
    // those who were told the same moment do not all come at once
    return { afterMs: afterMs + Math.random() * Math.min(afterMs / 10 + 100, 5000) };
  }
  return mayPass(error) && number < connectionTries ? "back-off" : "give-up";
}

function warnOfToken(url: URL, { warn, program }: AccessSurroundings) {
  warn(
    `The request had been sent to ${url.origin}: a token may exist. ` +
      `${program} access-token list shows it, ${program} access-token revoke <id> revokes it`,
  );
}

/**
 * A url as it may be shown: a query may hold what is private, and a server redirects to anything.
 */
function shown(url: URL): string {
  return blank(url.origin + url.pathname, []);
}
