import { stat } from "node:fs/promises";
import { join } from "node:path";
import { appError, isAppError } from "../../src/errors/app_error.ts";
import type {
  ControllerHost,
  ControllerOptions,
  ControllerRunOptions,
  ControllerStatus,
  PlatformRequest,
} from "../../src/platform/abilities.ts";
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
export function containerController(
  name: EngineName,
  files: ControllerFiles,
  { env, executable }: PlatformRequest,
  uid: number | undefined,
): ControllerHost {
  async function connect(signal: AbortSignal): Promise<Engine> {
    return await connectEngine(await chooseSocket(name, env, uid), signal);
  }

  async function start(options: ControllerOptions, signal: AbortSignal): Promise<void> {
    if (isHeld(files)) throw await controllerRunning(files);
    const engine = await connect(signal);
    const [container] = containerNames(files.home);
    const image = await provideImage(engine, executable, signal);
    for (const left of await listOwn(engine, signal)) {
      await engine.removeContainer(left.name, signal);
    }
    await orRemove(engine, container, async () => {
      await run(engine, container, image, options, signal);
      await untilRunning(files, engine, container, signal, () => isReady(container, signal));
    });
    await removeOldImages(engine, image, signal);
  }

  async function restart(options: ControllerOptions, signal: AbortSignal): Promise<void> {
    if (!isHeld(files)) return await start(options, signal);
    const before = await readState(files);
    checkHost(before, name);
    const engine = await connect(signal);
    const image = await provideImage(engine, executable, signal);
    const old = await listOwn(engine, signal);
    const holder = before?.container ?? old.find(({ isRunning }) => isRunning)?.name;
    const container = containerNames(files.home).find((one) => one !== holder)!;
    const isNext = async () =>
      isWaiting(await engine.readLog(container, signal)) || await isReady(container, signal);
    await engine.removeContainer(container, signal);
    await orRemove(engine, container, async () => {
      await run(engine, container, image, { ...before?.options, ...options, wait: true }, signal);
      await untilRunning(files, engine, container, signal, isNext);
    });
    await end(engine, old.filter((one) => one.name !== container), signal);
    await untilRunning(files, engine, container, signal, () => isReady(container, signal));
    await removeOldImages(engine, image, signal);
  }

  async function stop(signal: AbortSignal): Promise<boolean> {
    const isServed = isHeld(files);
    if (isServed) checkHost(await readState(files), name);
    const engine = await connect(signal);
    const containers = await listOwn(engine, signal);
    await end(engine, containers, signal);
    return isServed || containers.length > 0;
  }

  /** The containers of the data home. */
  async function listOwn(engine: Engine, signal: AbortSignal): Promise<EngineContainer[]> {
    const list = () => engine.listContainers(homeLabels(files.home), signal);
    try {
      return await list();
    } catch (error) {
      if (!isAppError(error, "engine-failed")) throw error;
      const holder = isHeld(files) ? (await readState(files))?.container : "";
      if (holder === undefined) throw error;
      // of a command that was killed, half a container may be left: Podman can list none until that is gone
      for (const name of containerNames(files.home)) {
        if (name !== holder) await engine.removeContainer(name, signal);
      }
      return await list();
    }
  }

  async function run(
    engine: Engine,
    container: string,
    image: string,
    options: ControllerRunOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const spec = containerSpec({
      image,
      home: files.home,
      command: runWords(name, options),
      env: { HAWSER_DATA_HOME: files.home, [containerVariable]: container, ...proxySettings(env) },
      user: await userFor(engine, files.home),
      stopWithinMs,
    });
    await engine.runContainer(container, spec, signal);
  }

  async function isReady(container: string, signal: AbortSignal): Promise<boolean> {
    const state = await readState(files);
    return state?.container === container && state.operationsUrl !== undefined &&
      await isReadyAt(state.operationsUrl, signal);
  }

  /** One command at a time makes and removes the containers of a data home. */
  async function alone<T>(action: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await makeControllerFolder(files);
    const turn = await lock(join(files.folder, "host-lock"), signal);
    try {
      return await action();
    } finally {
      turn.release();
    }
  }

  function status(signal: AbortSignal): Promise<ControllerStatus> {
    return readContainerStatus(files, env["USER"] ?? "", connect, signal);
  }

  return {
    async start(options, signal) {
      await alone(() => start(options, signal), signal);
      return await status(signal);
    },
    async restart(options, signal) {
      await alone(() => restart(options, signal), signal);
      return await status(signal);
    },
    stop: (signal) => alone(() => stop(signal), signal),
    status,
  };
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
