import { appError, isAppError } from "../../src/errors/app_error.ts";
import type { HttpAnswer } from "../../src/network/http_exchange.ts";
import { askEngine, type EngineRequest } from "./engine_connection.ts";

/** An engine's API, in a version that it and this program have. */
export interface EngineApi {
  readonly socket: string;
  /** As in "Docker 20.10.24". */
  readonly title: string;
  /** The program that users have for it: docker or podman. */
  readonly program: string;
  /**
   * The answer to a request; `purpose` is what the engine could not do, if it refuses. Statuses of
   * 400 and above that the caller takes for an answer are `expected`. Throws `engine-failed`,
   * `engine-disk-full` and what `askEngine` throws.
   */
  call(
    purpose: string,
    request: EngineRequest,
    signal: AbortSignal,
    expected?: number[],
  ): Promise<HttpAnswer>;
  /** What the engine says at that path, in the shape its API promises. */
  read<T>(
    purpose: string,
    path: string,
    signal: AbortSignal,
    query?: EngineRequest["query"],
  ): Promise<T>;
}

/** The oldest API that has all that is used here (Docker 19.03), and the newest one known to. */
const leastApi = "1.40";
const latestApi = "1.44";

/** Podman's version tells more than its API's does; upstream asks for it as well. */
const leastPodman = "4.0";

/** Something that isn't an engine may keep silent. */
const pingLimitMs = 10_000;

/**
 * Finds out what listens at a unix socket. Throws `engine-unreachable`, `engine-forbidden`,
 * `engine-invalid` for anything but an engine, and `engine-outdated`.
 */
export async function openEngineApi(socket: string, signal: AbortSignal): Promise<EngineApi> {
  const { api: version, podman, title } = await ping(socket, signal);
  const program = podman === undefined ? "docker" : "podman";
  if (podman !== undefined && isOlder(podman, leastPodman)) {
    const data = { engine: "Podman", has: `version ${podman}`, least: leastPodman };
    throw appError("engine-outdated", data);
  }
  if (isOlder(version, leastApi)) {
    const data = { engine: title, has: `API ${version}`, least: `API ${leastApi}` };
    throw appError("engine-outdated", data);
  }
  const root = `/v${isOlder(version, latestApi) ? version : latestApi}`;

  const api: EngineApi = {
    socket,
    title,
    program,

    async call(purpose, request, signal, expected = []) {
      const answer = await askEngine(socket, { ...request, path: root + request.path }, signal);
      if (answer.status < 400 || expected.includes(answer.status)) return answer;
      const why = readMessage(answer);
      if (why.includes("no space left on device")) {
        throw appError("engine-disk-full", { engine: title, purpose, program });
      }
      throw appError("engine-failed", { engine: title, purpose, why });
    },

    async read<T>(...[purpose, path, signal, query = {}]: Parameters<EngineApi["read"]>) {
      const answer = await api.call(purpose, { method: "GET", path, query }, signal);
      return parseAnswer(socket, answer) as T; // as the API promises
    },
  };
  return api;
}

/** The JSON of an answer. Throws `engine-invalid`. */
export function parseAnswer(socket: string, { body }: HttpAnswer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw appError("engine-invalid", { socket, why: "its answer is no JSON" }, { cause });
  }
}

async function ping(
  socket: string,
  signal: AbortSignal,
): Promise<{ api: string; podman: string | undefined; title: string }> {
  const request = { method: "GET", path: "/_ping", limitMs: pingLimitMs } as const;
  const { headers } = await askEngine(socket, request, signal).catch((error) => {
    // an engine that ends in this very moment can't be told from something else
    if (!isAppError(error, "engine-lost")) throw error;
    throw appError("engine-invalid", { socket, why: "it hung up" }, { cause: error });
  });
  const api = headers["api-version"];
  if (typeof api !== "string" || !/^\d+\.\d+$/.test(api)) {
    throw appError("engine-invalid", { socket, why: "it does not say which API it has" });
  }
  const [, product, version] = /^(\w+)\/(\S+)/.exec(String(headers["server"] ?? "")) ?? [];
  return product === "Libpod"
    ? { api, podman: version, title: `Podman ${version}` }
    : { api, podman: undefined, title: product ? `${product} ${version}` : "The engine" };
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number.parseFloat);
  const [leastMajor = 0, leastMinor = 0] = than.split(".").map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

/** Why an engine refuses, in its words. */
function readMessage({ status, body }: HttpAnswer): string {
  const text = body.toString("utf8").trim();
  try {
    const { message } = JSON.parse(text);
    if (typeof message === "string" && message !== "") return message;
  } catch {
    // then it is the text itself
  }
  return text.slice(0, 500) || `status ${status}`;
}
