import { AppError } from "../../src/errors/app_error.ts";
import type { LocalStatus } from "../../src/platform/abilities.ts";
import {
  type ControllerFiles,
  type ControllerState,
  isHeld,
  readState,
  stateFields,
} from "../resource_files/hosting/controller_files.ts";
import { isReadyAt } from "../resource_files/hosting/controller_probe.ts";
import { findError } from "../resource_files/hosting/controller_program.ts";
import { listNamespaces } from "../resource_files/namespaces.ts";
import { homeLabels } from "./controller_container.ts";
import type { Engine, EngineContainer } from "./engine.ts";
import { whyNotLasting } from "./lingering.ts";

/**
 * What the files of a data home and an engine, `user`'s if it is rootless, tell of the controller.
 */
export async function readContainerStatus(
  files: ControllerFiles,
  user: string,
  connect: (signal: AbortSignal) => Promise<Engine>,
  signal: AbortSignal,
): Promise<LocalStatus> {
  const { home } = files;
  const running = isHeld(files);
  const state = await readState(files);
  const namespaces = await listNamespaces(home);
  const known: LocalStatus = running
    ? { running, home, ...stateFields(state), namespaces }
    : { running, home, namespaces };
  try {
    const engine = await connect(signal);
    const containers = await engine.listContainers(homeLabels(home), signal);
    const container = containers.find(({ name }) => name === state?.container) ?? containers[0];
    const wrong = await explainState(running, state, engine, container, signal);
    const problem = wrong ?? (running && engine.isRootless ? await whyNotLasting(user) : undefined);
    return {
      ...known,
      engine: `${engine.title} (${engine.socket})`,
      ...(container && {
        container: container.name,
        image: container.image,
        log: `${engine.program} logs ${container.name}`,
      }),
      ...(container?.isRunning && { pid: container.pid }),
      ...(running && wrong !== undefined ? { answers: false } : {}),
      ...(problem === undefined ? {} : { problem }),
    };
  } catch (error) {
    if (!(error instanceof AppError) || signal.aborted) throw error;
    return { ...known, problem: error.message };
  }
}

/** What is wrong with the controller and its container, if something is. */
async function explainState(
  running: boolean,
  state: ControllerState | undefined,
  engine: Engine,
  container: EngineContainer | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (container === undefined) {
    if (running) return undefined; // hosted by another platform
    return state?.container && `its container ${state.container} was removed`;
  }
  const { name, exitCode } = container;
  if (container.state === "paused") return `its container ${name} is paused`;
  if (!running && !container.isRunning) {
    const error = findError(await engine.readLog(name, signal))?.message;
    return `its container ${name} is ${container.state}, with exit code ${exitCode}` +
      (error === undefined ? "" : `: ${error}`);
  }
  if (state?.operationsUrl === undefined) return "it is starting";
  return await isReadyAt(state.operationsUrl, signal)
    ? undefined
    : `it does not answer at ${state.operationsUrl}`;
}
