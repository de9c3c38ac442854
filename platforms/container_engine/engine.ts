import { stat } from "node:fs/promises";
import { appError } from "../../src/errors/app_error.ts";
import { openEngineApi, parseAnswer } from "./engine_api.ts";
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

/** A container engine that answers at its socket: Docker's API, which Podman speaks too. */
export interface Engine {
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

  hasImage(name: string, signal: AbortSignal): Promise<boolean>;
  importImage(image: ImportedImage, signal: AbortSignal): Promise<void>;
  /** The ids of the images with the label, named or not. The image of that name is left out. */
  listOtherImages(label: string, name: string, signal: AbortSignal): Promise<string[]>;
  /** Does nothing where the image is gone, or a container is made of it. */
  removeImage(id: string, signal: AbortSignal): Promise<void>;

  /** The containers, running or not, that bear all of the labels. */
  listContainers(labels: string[], signal: AbortSignal): Promise<EngineContainer[]>;
  /** Undefined if there is no such container. */
  inspectContainer(name: string, signal: AbortSignal): Promise<EngineContainer | undefined>;
  /** Makes a container and starts it; `spec` is the body of the engine's own call. */
  runContainer(name: string, spec: Record<string, unknown>, signal: AbortSignal): Promise<void>;
  /** Asks it to end, kills it after `limitMs`, and returns when it has ended. */
  stopContainer(container: EngineContainer, limitMs: number, signal: AbortSignal): Promise<void>;
  /** Kills it if it runs; does nothing if it is gone. */
  removeContainer(name: string, signal: AbortSignal): Promise<void>;
  /** The last lines of what it wrote, standard output and error together. */
  readLog(name: string, signal: AbortSignal): Promise<string>;
}

/** Reading and unpacking 120 MB takes seconds; a busy machine may take longer. */
const importLimitMs = 10 * 60_000;

/** How much longer than the container's own time limit a stop may take. */
const stopMarginMs = 30_000;

/**
 * The engine that listens at a unix socket. Throws what `openEngineApi` throws; the methods throw
 * what `EngineApi.call` throws.
 */
export async function connectEngine(socket: string, signal: AbortSignal): Promise<Engine> {
  const api = await openEngineApi(socket, signal);
  const { title, program } = api;
  const isRootless = (await stat(socket)).uid !== 0;

  /**
   * A call that makes or removes a container. Once begun it is awaited to its end: Podman keeps
   * half of a container that is removed while it is being made, and can then list none at all.
   */
  async function finish(
    purpose: string,
    request: EngineRequest,
    signal: AbortSignal,
    expected?: number[],
  ): Promise<void> {
    signal.throwIfAborted();
    await api.call(purpose, request, new AbortController().signal, expected);
    signal.throwIfAborted();
  }

  async function inspectContainer(name: string, signal: AbortSignal) {
    const request = { method: "GET", path: `/containers/${name}/json` } as const;
    const answer = await api.call("look at its container", request, signal, [404]);
    if (answer.status === 404) return undefined;
    return describeContainer(parseAnswer(socket, answer) as InspectedContainer); // as the API has it
  }

  return {
    title,
    program,
    socket,
    isRootless,

    async hasImage(name, signal) {
      const request = { method: "GET", path: `/images/${name}/json` } as const;
      return (await api.call("look for an image", request, signal, [404])).status !== 404;
    },

    async importImage({ archive, instructions, repository, tag }, signal) {
      const answer = await api.call("import an image", {
        method: "POST",
        path: "/images/create",
        query: { fromSrc: "-", changes: instructions },
        archive,
        limitMs: importLimitMs,
      }, signal);
      const id = readImportedId(title, answer.body.toString("utf8"));
      // named by a call of its own: Podman ignores a tag in the other one
      const query = { repo: repository, tag };
      await api.call(
        "name an image",
        { method: "POST", path: `/images/${id}/tag`, query },
        signal,
      );
    },

    async listOtherImages(label, name, signal) {
      const query = { filters: JSON.stringify({ label: [label] }) };
      const images = await api.read<ListedImage[]>("list images", "/images/json", signal, query);
      return images.filter(({ RepoTags }) => !RepoTags?.includes(name)).map(({ Id }) => Id);
    },

    async removeImage(id, signal) {
      const request = { method: "DELETE", path: `/images/${id}` } as const;
      await api.call("remove an image", request, signal, [404, 409]);
    },

    async listContainers(labels, signal) {
      const query = { all: "true", filters: JSON.stringify({ label: labels }) };
      const path = "/containers/json";
      const listed = await api.read<{ Id: string }[]>("list containers", path, signal, query);
      const found = await Promise.all(listed.map(({ Id }) => inspectContainer(Id, signal)));
      return found.filter((container) => container !== undefined);
    },

    inspectContainer,

    async runContainer(name, spec, signal) {
      const create = { method: "POST", path: "/containers/create", query: { name } } as const;
      await finish("make a container", { ...create, json: spec }, signal);
      const start = { method: "POST", path: `/containers/${name}/start` } as const;
      await finish("start its container", start, signal);
    },

    async stopContainer({ name, state }, limitMs, signal) {
      if (state === "paused") {
        const wake = { method: "POST", path: `/containers/${name}/unpause` } as const;
        await api.call("wake its container", wake, signal, [404, 409, 500]);
      }
      const query = { t: String(Math.ceil(limitMs / 1000)) };
      const limit = { limitMs: limitMs + stopMarginMs };
      const stop = { method: "POST", path: `/containers/${name}/stop`, query, ...limit } as const;
      await api.call("stop its container", stop, signal, [404]);
    },

    async removeContainer(name, signal) {
      const kill = { method: "POST", path: `/containers/${name}/kill` } as const;
      // Podman would ask a container first, and wait; 409 and 500: it doesn't run
      await finish("kill its container", kill, signal, [404, 409, 500]);
      const query = { force: "true" };
      const request = { method: "DELETE", path: `/containers/${name}`, query } as const;
      // 409: it is being removed already
      await finish("remove its container", request, signal, [404, 409]);
    },

    async readLog(name, signal) {
      const query = { stdout: "true", stderr: "true", tail: "200" };
      const request = { method: "GET", path: `/containers/${name}/logs`, query } as const;
      return joinFrames((await api.call("read its container's log", request, signal)).body);
    },
  };
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
