import { stat } from "node:fs/promises";
import { appError } from "../../src/errors/app_error.ts";
import { type EngineApi, openEngineApi, parseAnswer } from "./engine_api.ts";
import type { EngineRequest } from "./engine_connection.ts";
import { joinFrames } from "./log_frames.ts";

/** A container as an engine describes it. */
export interface EngineContainer {
  name: string;
  /** Name of the image it is made of. */
  image: string;
  /** created, running, paused, restarting, removing, exited or dead; Podman has some more. */
  state: string;
  isRunning: boolean;
  /** Of its first process, as this machine counts; 0 if it doesn't run. */
  pid: number;
  exitCode: number;
  /** How often the engine has started it again. */
  restarts: number;
}

/** An image made of an archive. */
export interface ImportedImage {
  archive: AsyncIterable<Uint8Array>;
  /** As a Dockerfile has them. */
  instructions: string[];
  repository: string;
  tag: string;
}

/** Reading and unpacking 120 MB takes seconds; a busy machine may take longer. */
const importLimitMs = 10 * 60_000;

/** How much longer than the container's own time limit a stop may take. */
const stopMarginMs = 30_000;

/**
 * A container engine that answers at its socket: Docker's API, which Podman speaks too. The methods
 * throw what `EngineApi.call` throws.
 */
export class Engine {
  readonly #api: EngineApi;
  /** As in "Docker 20.10.24". */
  readonly title: string;
  readonly socket: string;
  /** The program that users have for it: docker or podman. */
  readonly program: string;
  /**
   * The engine runs as an ordinary user. The socket is that user's, and root in its containers is
   * that user.
   */
  readonly isRootless: boolean;

  constructor(api: EngineApi, socket: string, isRootless: boolean) {
    this.#api = api;
    this.title = api.title;
    this.program = api.program;
    this.socket = socket;
    this.isRootless = isRootless;
  }

  async hasImage(name: string, signal: AbortSignal): Promise<boolean> {
    const request = { method: "GET", path: `/images/${name}/json` } as const;
    return (await this.#api.call("look for an image", request, signal, [404])).status !== 404;
  }

  async importImage(image: ImportedImage, signal: AbortSignal): Promise<void> {
    const { archive, instructions, repository, tag } = image;
    const answer = await this.#api.call("import an image", {
      method: "POST",
      path: "/images/create",
      query: { fromSrc: "-", changes: instructions },
      archive,
      limitMs: importLimitMs,
    }, signal);
    const id = readImportedId(this.title, answer.body.toString("utf8"));
    // named by a call of its own: Podman ignores a tag in the other one
    const query = { repo: repository, tag };
    const name = { method: "POST", path: `/images/${id}/tag`, query } as const;
    await this.#api.call("name an image", name, signal);
  }

  /** The ids of the images with the label, named or not. The image of that name is left out. */
  async listOtherImages(label: string, name: string, signal: AbortSignal): Promise<string[]> {
    const query = { filters: JSON.stringify({ label: [label] }) };
    const path = "/images/json";
    const images = await this.#api.read<ListedImage[]>("list images", path, signal, query);
    return images.filter(({ RepoTags }) => !RepoTags?.includes(name)).map(({ Id }) => Id);
  }

  /** Does nothing where the image is gone, or a container is made of it. */
  async removeImage(id: string, signal: AbortSignal): Promise<void> {
    const request = { method: "DELETE", path: `/images/${id}` } as const;
    await this.#api.call("remove an image", request, signal, [404, 409]);
  }

  /** The containers, running or not, that bear all of the labels. */
  async listContainers(labels: string[], signal: AbortSignal): Promise<EngineContainer[]> {
    const query = { all: "true", filters: JSON.stringify({ label: labels }) };
    const path = "/containers/json";
    const listed = await this.#api.read<{ Id: string }[]>("list containers", path, signal, query);
    const found = await Promise.all(listed.map(({ Id }) => this.inspectContainer(Id, signal)));
    return found.filter((container) => container !== undefined);
  }

  /** Undefined if there is no such container. */
  async inspectContainer(name: string, signal: AbortSignal): Promise<EngineContainer | undefined> {
    const request = { method: "GET", path: `/containers/${name}/json` } as const;
    const answer = await this.#api.call("look at its container", request, signal, [404]);
    if (answer.status === 404) return undefined;
    const inspected = parseAnswer(this.socket, answer) as InspectedContainer; // as the API has it
    return describeContainer(inspected);
  }

  /** Makes a container and starts it; `spec` is the body of the engine's own call. */
  async runContainer(
    name: string,
    spec: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    const create = { method: "POST", path: "/containers/create", query: { name } } as const;
    await this.#finish("make a container", { ...create, json: spec }, signal);
    const start = { method: "POST", path: `/containers/${name}/start` } as const;
    await this.#finish("start its container", start, signal);
  }

  /** Asks it to end, kills it after `limitMs`, and returns when it has ended. */
  async stopContainer(
    { name, state }: EngineContainer,
    limitMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    if (state === "paused") {
      const wake = { method: "POST", path: `/containers/${name}/unpause` } as const;
      await this.#api.call("wake its container", wake, signal, [404, 409, 500]);
    }
    const query = { t: String(Math.ceil(limitMs / 1000)) };
    const limit = { limitMs: limitMs + stopMarginMs };
    const stop = { method: "POST", path: `/containers/${name}/stop`, query, ...limit } as const;
    await this.#api.call("stop its container", stop, signal, [404]);
  }

  /** Kills it if it runs; does nothing if it is gone. */
  async removeContainer(name: string, signal: AbortSignal): Promise<void> {
    const kill = { method: "POST", path: `/containers/${name}/kill` } as const;
    // Podman would ask a container first, and wait; 409 and 500: it doesn't run
    await this.#finish("kill its container", kill, signal, [404, 409, 500]);
    const query = { force: "true" };
    const request = { method: "DELETE", path: `/containers/${name}`, query } as const;
    // 409: it is being removed already
    await this.#finish("remove its container", request, signal, [404, 409]);
  }

  /** The last lines of what it wrote, standard output and error together. */
  async readLog(name: string, signal: AbortSignal): Promise<string> {
    const query = { stdout: "true", stderr: "true", tail: "200" };
    const request = { method: "GET", path: `/containers/${name}/logs`, query } as const;
    return joinFrames((await this.#api.call("read its container's log", request, signal)).body);
  }

  /**
   * A call that makes or removes a container. Once begun it is awaited to its end: Podman keeps
   * half of a container that is removed while it is being made, and can then list none at all.
   */
  async #finish(
    purpose: string,
    request: EngineRequest,
    signal: AbortSignal,
    expected?: number[],
  ): Promise<void> {
    signal.throwIfAborted();
    await this.#api.call(purpose, request, new AbortController().signal, expected);
    signal.throwIfAborted();
  }
}

/** The engine that listens at a unix socket. Throws what `openEngineApi` throws. */
export async function connectEngine(socket: string, signal: AbortSignal): Promise<Engine> {
  const api = await openEngineApi(socket, signal);
  return new Engine(api, socket, (await stat(socket)).uid !== 0);
}

interface ListedImage {
  Id: string;
  RepoTags: string[] | null;
}

interface InspectedContainer {
  Name: string;
  RestartCount: number;
  State: { Status: string; Running: boolean; Pid: number; ExitCode: number };
  Config: { Image: string };
}

function describeContainer({ Name, Config, State, RestartCount }: InspectedContainer) {
  return {
    name: Name.replace(/^\//, ""),
    image: Config.Image,
    state: State.Status,
    isRunning: State.Running,
    pid: State.Pid,
    exitCode: State.ExitCode,
    restarts: RestartCount,
  };
}

/**
 * The id at the end of an import's answer: lines of JSON, the last of which may say what failed.
 */
function readImportedId(engine: string, answer: string): string {
  let last: { status?: string; error?: string } = {};
  try {
    last = JSON.parse(answer.trim().split("\n").at(-1)!);
  } catch {
    // told as any answer that has no id
  }
  if (/^(sha256:)?[0-9a-f]{64}$/.test(last.status ?? "")) return last.status!;
  const why = last.error ?? "it did not say which image it made";
  throw appError("engine-failed", { engine, purpose: "import an image", why });
}
