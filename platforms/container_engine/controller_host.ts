import { stat } from "node:fs/promises";
import { join } from "node:path";
import { appError, isAppError } from "../../src/errors/app_error.ts";
import type { ControllerHost, LocalStatus, PlatformRequest } from "../../src/platform/abilities.ts";
import type { ControllerOptions, LocalRunOptions } from "../../src/platform/controller_options.ts";
import { sleep } from "../../src/runtime/clock.ts";
import { lock } from "../../src/runtime/lock.ts";
import {
  checkHost,
  type ControllerFiles,
  controllerRunning,
  isHeld,
  makeControllerFolder,
  readState,
} from "../resource_files/hosting/controller_files.ts";
import { certificateFolders } from "../resource_files/hosting/certificate_paths.ts";
import { controllerFailure } from "../resource_files/hosting/controller_failure.ts";
import { isReadyAt } from "../resource_files/hosting/controller_probe.ts";
import {
  isWaiting,
  proxySettings,
  runWords,
} from "../resource_files/hosting/controller_program.ts";
import { containerVariable } from "../resource_files/local_platform.ts";
import { containerNames, containerSpec, homeLabels } from "./controller_container.ts";
import { readContainerStatus } from "./container_status.ts";
import { connectEngine, type Engine, type EngineContainer } from "./engine.ts";
import { chooseSocket, type EngineName } from "./engine_choice.ts";
import { provideImage, removeOldImages } from "./image.ts";

/** How often state and container are looked at while waiting for them. */
const lookEveryMs = 20;

/** A controller finishes what is in flight within 30 s of being asked to end. */
const stopWithinMs = 40_000;

/** How long removing a container may take whose start failed or was interrupted. */
const cleanUpWithinMs = 10_000;

/** The controller of a data home as a container of an engine of this machine. */
export class ContainerController implements ControllerHost {
  readonly #name: EngineName;
  readonly #files: ControllerFiles;
  readonly #env: PlatformRequest["env"];
  readonly #executable: PlatformRequest["executable"];
  readonly #uid: number | undefined;

  constructor(
    name: EngineName,
    files: ControllerFiles,
    { env, executable }: PlatformRequest,
    uid: number | undefined,
  ) {
    this.#name = name;
    this.#files = files;
    this.#env = env;
    this.#executable = executable;
    this.#uid = uid;
  }

  async start(options: ControllerOptions, signal: AbortSignal): Promise<LocalStatus> {
    await this.#alone(() => this.#start(options, signal), signal);
    return await this.status(signal);
  }

  async restart(options: ControllerOptions, signal: AbortSignal): Promise<LocalStatus> {
    await this.#alone(() => this.#restart(options, signal), signal);
    return await this.status(signal);
  }

  async stop(signal: AbortSignal): Promise<boolean> {
    return await this.#alone(() => this.#stop(signal), signal);
  }

  async status(signal: AbortSignal): Promise<LocalStatus> {
    const user = this.#env["USER"] ?? "";
    return await readContainerStatus(this.#files, user, (signal) => this.#connect(signal), signal);
  }

  /** One command at a time makes and removes the containers of a data home. */
  async #alone<T>(action: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await makeControllerFolder(this.#files);
    const turn = await lock(join(this.#files.folder, "host-lock"), signal);
    try {
      return await action();
    } finally {
      turn.release();
    }
  }

  async #connect(signal: AbortSignal): Promise<Engine> {
    return await connectEngine(await chooseSocket(this.#name, this.#env, this.#uid), signal);
  }

  async #start(options: ControllerOptions, signal: AbortSignal): Promise<void> {
    if (isHeld(this.#files)) throw await controllerRunning(this.#files);
    const engine = await this.#connect(signal);
    const [container] = containerNames(this.#files.home);
    const image = await provideImage(engine, this.#executable, signal);
    for (const left of await this.#listOwn(engine, signal)) {
      await engine.removeContainer(left.name, signal);
    }
    await orRemove(engine, container, async () => {
      await this.#run(engine, container, image, options, signal);
      const isReady = () => this.#isReady(container, signal);
      await untilRunning(this.#files, engine, container, signal, isReady);
    });
    await removeOldImages(engine, image, signal);
  }

  async #restart(options: ControllerOptions, signal: AbortSignal): Promise<void> {
    const files = this.#files;
    if (!isHeld(files)) return await this.#start(options, signal);
    const before = await readState(files);
    checkHost(before, this.#name);
    const engine = await this.#connect(signal);
    const image = await provideImage(engine, this.#executable, signal);
    const old = await this.#listOwn(engine, signal);
    const holder = before?.container ?? old.find(({ isRunning }) => isRunning)?.name;
    const container = containerNames(files.home).find((one) => one !== holder)!;
    const isReady = () => this.#isReady(container, signal);
    const isNext = async () =>
      isWaiting(await engine.readLog(container, signal)) || await isReady();
    await engine.removeContainer(container, signal);
    await orRemove(engine, container, async () => {
      const merged = { ...before?.options, ...options, wait: true };
      await this.#run(engine, container, image, merged, signal);
      await untilRunning(files, engine, container, signal, isNext);
    });
    await end(engine, old.filter((one) => one.name !== container), signal);
    await untilRunning(files, engine, container, signal, isReady);
    await removeOldImages(engine, image, signal);
  }

  async #stop(signal: AbortSignal): Promise<boolean> {
    const isServed = isHeld(this.#files);
    if (isServed) checkHost(await readState(this.#files), this.#name);
    const engine = await this.#connect(signal);
    const containers = await this.#listOwn(engine, signal);
    await end(engine, containers, signal);
    return isServed || containers.length > 0;
  }

  /** The containers of the data home. */
  async #listOwn(engine: Engine, signal: AbortSignal): Promise<EngineContainer[]> {
    const list = () => engine.listContainers(homeLabels(this.#files.home), signal);
    try {
      return await list();
    } catch (error) {
      if (!isAppError(error, "engine-failed")) throw error;
      const holder = isHeld(this.#files) ? (await readState(this.#files))?.container : "";
      if (holder === undefined) throw error;
      // a killed command may leave half a container: Podman can list none until that is gone
      for (const name of containerNames(this.#files.home)) {
        if (name !== holder) await engine.removeContainer(name, signal);
      }
      return await list();
    }
  }

  async #run(
    engine: Engine,
    container: string,
    image: string,
    options: LocalRunOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const { home } = this.#files;
    const spec = containerSpec({
      image,
      home,
      command: runWords(this.#name, options),
      env: {
        HAWSER_DATA_HOME: home,
        [containerVariable]: container,
        ...proxySettings(this.#env),
      },
      readable: certificateFolders(options),
      user: await userFor(engine, home),
      stopWithinMs,
    });
    await engine.runContainer(container, spec, signal);
  }

  async #isReady(container: string, signal: AbortSignal): Promise<boolean> {
    const state = await readState(this.#files);
    return state?.container === container && state.operationsUrl !== undefined &&
      await isReadyAt(state.operationsUrl, signal);
  }
}

/** Waits until `isDone`, as long as the container runs. Throws what `controllerFailure` gives. */
async function untilRunning(
  files: ControllerFiles,
  engine: Engine,
  container: string,
  signal: AbortSignal,
  isDone: () => Promise<boolean>,
): Promise<void> {
  while (!await isDone()) {
    const found = await engine.inspectContainer(container, signal);
    if (found === undefined) {
      throw appError("controller-failed", { why: `its container ${container} was removed` });
    }
    if (!found.isRunning || found.restarts > 0) {
      const output = await engine.readLog(container, signal);
      throw await controllerFailure(files, { output, ending: `exit code ${found.exitCode}` });
    }
    await sleep(lookEveryMs, signal);
  }
}

/** Lets containers finish what they are at, and removes them. */
async function end(
  engine: Engine,
  containers: EngineContainer[],
  signal: AbortSignal,
): Promise<void> {
  for (const container of containers) {
    await engine.stopContainer(container, stopWithinMs, signal);
    await engine.removeContainer(container.name, signal);
  }
}

/** Removes the container, whose restarts would never end, if `action` fails. */
async function orRemove(
  engine: Engine,
  container: string,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    // what failed first is what the user should know; `start` removes what is left
    await engine.removeContainer(container, AbortSignal.timeout(cleanUpWithinMs)).catch(() => {});
    throw error;
  }
}

/** A rootless engine's root is the user whose engine it is; else the files' owner must be named. */
async function userFor(engine: Engine, home: string): Promise<string> {
  if (engine.isRootless) return "0:0";
  const { uid, gid } = await stat(home);
  return `${uid}:${gid}`;
}
