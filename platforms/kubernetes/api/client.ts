import { appError, isAppError } from "../../../src/errors/app_error.ts";
import type { OpenAnswer } from "../../../src/network/open_answer.ts";
import { retryAfterMs } from "../../../src/network/retry_after.ts";
import { whatWasAwaited, whileAwaiting } from "../../../src/wait/deadline.ts";
import { retry, type RetryDecision } from "../../../src/wait/retry.ts";
import { describeApiRefusal, describeFailedExchange, isPassing, isUnsent } from "./errors.ts";
import { type ApiRequest, methodOf, pathOf } from "./request.ts";
import { explainRefusal, type RequestAccess, type ServerAccess } from "../access/server_access.ts";
import { ServerAgent } from "../access/server_agent.ts";
import { steadyNow } from "../../../src/runtime/clock.ts";
import { ServerClock } from "./server_clock.ts";
import { readBody, transmit } from "../access/transport.ts";

/** With the usual back-off about three seconds. */
const maxTries = 6;

/** Servers ask for a second or so; who is asked for more fails rather than hangs. */
const maxRetryAfterMs = 30_000;

/** Speaks to one API server; safe to use many times at once. */
export class ApiClient {
  readonly url: string;
  readonly clock: ServerClock = new ServerClock();
  readonly #access: ServerAccess;
  readonly #userAgent: string;

  readonly #onRequest: ((what: string | undefined) => void) | undefined;

  /** `onRequest` is told what is awaited at each request, and with undefined of its answer. */
  constructor(
    access: ServerAccess,
    userAgent: string,
    onRequest?: (what: string | undefined) => void,
  ) {
    this.#onRequest = onRequest;
    this.url = access.context.cluster.server;
    this.#access = access;
    this.#userAgent = userAgent;
  }

  /**
   * Sends a request and returns its answer's JSON. What may pass is tried again: 429 and
   * connections that did not come about always; broken connections and 5xx unless the request
   * creates, since it may have been carried out (an update names the version it replaces: it is
   * never carried out twice). Throws what `describeApiRefusal` and `describeFailedExchange` name,
   * `credentials-failed`, `not-readable`, and the signal's reason.
   */
  send(request: ApiRequest, signal: AbortSignal): Promise<unknown> {
    return this.#persevere(request, signal, async (answer) => {
      const body = await readBody(answer, signal);
      try {
        return JSON.parse(body);
      } catch {
        throw appError("api-answer-invalid", { url: this.url, why: "it is no JSON" });
      }
    });
  }

  /** Sends a request and returns its answer as soon as it begins, to be closed; else as `send`. */
  open(request: ApiRequest, signal: AbortSignal): Promise<OpenAnswer> {
    return this.#persevere(request, signal, (answer) => Promise.resolve(answer));
  }

  /** What went wrong while an open answer was read, as `send` would throw it. */
  describeFailure(error: unknown): Error {
    return describeFailedExchange(error, this.#access.context);
  }

  async #persevere<T>(
    request: ApiRequest,
    signal: AbortSignal,
    use: (answer: OpenAnswer) => Promise<T>,
  ): Promise<T> {
    let awaited = `an answer from ${this.url}`;
    this.#onRequest?.(awaited);
    try {
      const result = await retry(
        async () => {
          try {
            return await use(await this.#accepted(request, signal));
          } catch (error) {
            awaited = whatWasAwaited(error) ?? awaited;
            signal.throwIfAborted();
            throw this.describeFailure(error);
          }
        },
        (error, number) => number < maxTries ? decide(error, request) : "give-up",
        signal,
      );
      this.#onRequest?.(undefined);
      return result;
    } catch (error) {
      throw whileAwaiting(error, awaited);
    }
  }

  /** The answer, if it is a success. */
  async #accepted(request: ApiRequest, signal: AbortSignal): Promise<OpenAnswer> {
    let access = await this.#access.prepare(signal);
    let answer = await this.#transmit(request, access, signal);
    if (answer.status === 401) {
      await readBody(answer, signal);
      this.#access.renew(this.clock.now());
      access = await this.#access.prepare(signal);
      answer = await this.#transmit(request, access, signal);
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw describeApiRefusal(request, {
      status: answer.status,
      body: await readBody(answer, signal),
      retryAfterMs: retryAfterMs(answer.headers, Date.now()),
      credentials: explainRefusal(access),
    }, this.#access.context);
  }

  async #transmit(
    request: ApiRequest,
    access: RequestAccess,
    signal: AbortSignal,
  ): Promise<OpenAnswer> {
    const sentAt = steadyNow();
    // a kept connection may just have been closed: who creates could not tell that from a lost
    // answer
    const agent = request.verb === "create" ? new ServerAgent(access.route, false) : access.agent;
    const answer = await transmit(agent, {
      url: new URL(this.url.replace(/\/$/, "") + pathOf(request)),
      method: methodOf(request),
      headers: {
        ...access.headers,
        accept: "application/json",
        "user-agent": this.#userAgent,
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      isFollowed: request.verb === "watch",
    }, signal);
    this.clock.learn(answer.headers.date, sentAt);
    return answer;
  }
}

function decide(error: unknown, request: ApiRequest): RetryDecision {
  if (!isPassing(error)) return "give-up";
  const { status, retryAfterMs } = isAppError(error, "api-failed") ? error.data : {};
  const isUntaken = status === 429 || isUnsent(error.cause);
  if (request.verb === "create" && !isUntaken) return "give-up";
  if (retryAfterMs === undefined) return "back-off";
  return retryAfterMs <= maxRetryAfterMs ? { afterMs: retryAfterMs } : "give-up";
}
