import { brokenOff } from "../../../src/network/connection_fault.ts";
import type { HttpRequest } from "../../../src/network/http_exchange.ts";
import { within } from "../../../src/runtime/abortable.ts";
import { type ApiAnswer, fail, theCluster } from "./api_server.ts";
import { awaitAction, theWorld, thisProcess } from "./world.ts";

/** How requests get to an API server, in place of the product's own: over a network that fails. */
export const noAnswerCode = "ERR_NO_ANSWER";

const answerLimitMs = 30_000;

/** As the product's `transmit`. */
export function transmit(_agent: unknown, request: HttpRequest, signal: AbortSignal) {
  const late = () => Object.assign(new Error("it did not answer"), { code: noAnswerCode });
  return within(answerLimitMs, late, async () => opened(await sent(request)), signal);
}

/** As the product's `readBody`. */
export function readBody(answer: { text: string }, _signal: AbortSignal): Promise<string> {
  return Promise.resolve(answer.text);
}

function sent({ method, url, body }: HttpRequest): Promise<ApiAnswer & { date: string }> {
  const world = theWorld();
  const cluster = theCluster();
  const process = thisProcess()!;
  const [, plural = url.pathname] =
    /\/v[^/]+(?:\/namespaces\/[^/]+)?\/([a-z]+)/.exec(url.pathname) ?? [];
  const isWatch = url.searchParams.get("watch") === "1";
  const isChange = method !== "GET" && url.searchParams.get("dryRun") === null;
  return awaitAction(`${isWatch ? "WATCH" : method} ${plural}`, {
    takesMs: [1, 25],
    isRemote: true,
    act(place) {
      if (cluster.isCutOff(process)) {
        throw Object.assign(new Error("no route"), { code: "EHOSTUNREACH" });
      }
      const done = (answer: ApiAnswer) => ({
        ...answer,
        date: new Date(cluster.time).toUTCString(),
      });
      if (method !== "GET" && typeof body === "string") cluster.hear(body);
      if (world.strikes("429", place)) return done(fail(429, "TooManyRequests"));
      if (world.strikes("500", place)) return done(fail(500, "InternalError"));
      if (method === "PUT" && world.strikes("409", place)) return done(fail(409, "Conflict"));
      const answer = cluster.answer(method, url, body as string | undefined, process);
      if (isWatch && world.strikes("410 Gone", place)) {
        answer.watch!.end();
        return done(fail(410, "Expired"));
      }
      if (isChange && world.strikes("504 after commit", place)) return done(fail(504, "Timeout"));
      if (isChange && world.strikes("answer lost", place)) throw brokenOff();
      return done(answer);
    },
  });
}

/** An answer whose head has come. */
function opened({ status, body, headers = {}, date, watch }: ApiAnswer & { date: string }) {
  return {
    status,
    text: body,
    headers: { ...headers, date },
    chunks: (signal: AbortSignal) => watch!.chunks(signal),
    close: () => watch?.end(),
  };
}
