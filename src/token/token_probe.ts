import { AppError } from "../errors/app_error.ts";
import { openTcp, withinConnectLimit } from "../network/connection.ts";
import { discard, lookUpAll } from "../network/connection.ts";
import { describeConnectionError } from "../network/connection_fault.ts";
import type { HttpAnswer } from "../network/http_exchange.ts";
import { bareHost, chooseProxy } from "../network/proxy.ts";
import { isIP } from "node:net";
import { appError } from "../errors/app_error.ts";
import { sayDuration } from "../wait/duration.ts";
import { askGrantService, type RedeemSurroundings } from "./exchange.ts";
import { readTokenState } from "./redeem_client.ts";
import { describeRefusal } from "./refusal.ts";
import type { UsableToken } from "./token_file.ts";

/** One step on the way to a redemption: each spends nothing. */
export interface ProbeStep {
  step: "proxy" | "name" | "connection" | "tls" | "clock" | "grant";
  ok: boolean;
  detail: string;
}

/** How far a redemption of a token would come. */
export interface TokenProbe {
  /** Those that were taken; only the last one can have failed. */
  steps: ProbeStep[];
  /** How often the grant can still be redeemed, where its service tells. */
  usesLeft?: number;
  /** What the step that failed means. */
  failure?: AppError;
}

/** Clocks that differ by less do no harm, in milliseconds. */
const clockToleranceMs = 60_000;

/**
 * Goes the way of a redemption, step by step, and spends nothing. A step that fails is in the
 * result; throws the signal's reason, and `invalid-value` for a proxy that is none.
 */
export async function probeTokenSteps(
  token: UsableToken,
  surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<TokenProbe> {
  const steps: ProbeStep[] = [];
  const { url: text, ca, code } = token.spec;
  const url = new URL(text);
  const take = (step: ProbeStep["step"], detail: string) => steps.push({ step, ok: true, detail });
  const fail = (step: ProbeStep["step"], failure: AppError, detail = failure.message) => {
    steps.push({ step, ok: false, detail });
    return { steps, failure };
  };
  const proxy = chooseProxy(url, surroundings.env);
  if (proxy !== undefined) {
    take("proxy", `through ${bareHost(proxy)}:${proxy.port || "80"}`);
  } else {
    const unreachable = await connectSteps(url, take, signal);
    if (unreachable !== undefined) return fail(...unreachable);
  }
  let answer: HttpAnswer;
  try {
    const request = { url: text, ca, method: "GET", headers: { code }, body: "" } as const;
    answer = await askGrantService(request, surroundings, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    return fail(error.code === "unreachable" ? "connection" : "tls", error);
  }
  take(
    "tls",
    ca === ""
      ? "the service has the name, and an authority that this system trusts: the token pins none"
      : "the service is the one that the token trusts, by name and authority",
  );
  take("clock", describeClock(answer, surroundings.now()));
  if ([404, 403, 429].includes(answer.status)) {
    return fail("grant", describeRefusal(token, answer, surroundings.now()));
  }
  const { usesLeft } = answer.status === 200 ? readTokenState(answer, text) : {};
  if (usesLeft === undefined) {
    take("grant", "its service, which is not hawser's, does not say how it stands");
    return { steps };
  }
  take("grant", `it can be redeemed ${usesLeft === 1 ? "once" : `${usesLeft} times`} more`);
  return { steps, usesLeft };
}

type Failure = [step: ProbeStep["step"], failure: AppError, detail: string];

async function connectSteps(
  url: URL,
  take: (step: ProbeStep["step"], detail: string) => void,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const host = bareHost(url);
  let step: ProbeStep["step"] = "name";
  try {
    if (isIP(host) === 0) {
      take("name", `${host} stands for ${(await lookUpAll(host, signal)).join(", ")}`);
    }
    step = "connection";
    const port = Number(url.port || 443);
    discard(await withinConnectLimit((bounded) => openTcp(host, port, bounded), signal));
    take("connection", `port ${port} accepts`);
    return undefined;
  } catch (cause) {
    signal.throwIfAborted();
    const { why } = describeConnectionError(cause, host);
    return [step, appError("unreachable", { url: url.href, why }, { cause }), why];
  }
}

function describeClock({ headers }: HttpAnswer, now: number): string {
  const ahead = now - Date.parse(headers.date ?? "");
  if (Number.isNaN(ahead)) return "the service does not tell its time";
  if (Math.abs(ahead) < clockToleranceMs) return "agrees with the service's";
  const distance = sayDuration(Math.abs(ahead));
  return `is ${distance} ${ahead > 0 ? "ahead of" : "behind"} the service's, which counts`;
}
