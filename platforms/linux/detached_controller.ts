import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { appError } from "../../src/errors/app_error.ts";
import type { ControllerHost, LocalStatus } from "../../src/platform/abilities.ts";
import type { ControllerOptions, LocalRunOptions } from "../../src/platform/controller_options.ts";
import { sleep } from "../../src/runtime/clock.ts";
import { controllerFailure } from "../resource_files/hosting/controller_failure.ts";
import { isWaiting, runWords } from "../resource_files/hosting/controller_program.ts";
import { listNamespaces } from "../resource_files/namespaces.ts";
import {
  checkHost,
  type ControllerFiles,
  controllerRunning,
  isHeld,
  makeControllerFolder,
  readState,
  stateFields,
} from "../resource_files/hosting/controller_files.ts";
import { readProcessStart } from "../resource_files/hosting/process_start.ts";
import { isReadyAt } from "../resource_files/hosting/controller_probe.ts";
import { openLog } from "./controller_log.ts";

/** How this program is started again. */
export interface Program {
  executable: string[];
  env: Record<string, string | undefined>;
}

/** How often another process is looked at while waiting for it. */
const lookEveryMs = 10;

/** The controller of a data home as a process of its own, in a session of its own. */
export function detachedController(files: ControllerFiles, program: Program): ControllerHost {
  return {
    start: (options, signal) => start(files, program, options, signal),
    restart: (options, signal) => restart(files, program, options, signal),
    stop: (signal) => stop(files, signal),
    status: (signal) => readStatus(files, signal),
  };
}

async function start(
  files: ControllerFiles,
  program: Program,
  options: ControllerOptions,
  signal: AbortSignal,
): Promise<LocalStatus> {
  await makeControllerFolder(files);
  if (isHeld(files)) throw await controllerRunning(files);
  await launch(files, program, options, signal);
  return await readStatus(files, signal);
}

async function restart(
  files: ControllerFiles,
  program: Program,
  options: ControllerOptions,
  signal: AbortSignal,
): Promise<LocalStatus> {
  if (!isHeld(files)) return await start(files, program, options, signal);
  const before = await readState(files);
  checkHost(before, "linux");
  await launch(files, program, { ...before?.options, ...options, wait: true }, signal);
  return await readStatus(files, signal);
}

/** Starts a controller and waits until it answers; ends the one it waits for, once it does wait. */
async function launch(
  files: ControllerFiles,
  program: Program,
  options: LocalRunOptions,
  signal: AbortSignal,
): Promise<void> {
  const log = await openLog(files.log);
  const child = spawnController(files, program, options, log.fd);
  let failure: Error | undefined;
  child.on("error", (error) => failure = error);
  const spared = new Set([child.pid]);
  try {
    while (!(await isReady(files, child, signal))) {
      if (failure !== undefined || child.exitCode !== null || child.signalCode !== null) {
        const ending = failure?.message ?? child.signalCode ?? `exit code ${child.exitCode}`;
        const output = await log.read();
        throw await controllerFailure(files, { output, ending, log: files.log });
      }
      if (options.wait && isWaiting(await log.read())) {
        await askToEnd(files, spared);
      }
      await sleep(lookEveryMs, signal);
    }
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    await log.close();
  }
  child.unref();
}

function spawnController(
  files: ControllerFiles,
  { executable, env }: Program,
  options: LocalRunOptions,
  log: number,
): ChildProcess {
  const [command, ...words] = executable;
  return spawn(command!, [...words, ...runWords("linux", options)], {
    cwd: files.home,
    detached: true,
    env: { ...env, HAWSER_DATA_HOME: files.home },
    stdio: ["ignore", log, log],
  });
}

async function isReady(
  files: ControllerFiles,
  child: ChildProcess,
  signal: AbortSignal,
): Promise<boolean> {
  const state = await readState(files);
  return state?.pid === child.pid && state?.operationsUrl !== undefined &&
    await isReadyAt(state.operationsUrl, signal);
}

async function stop(files: ControllerFiles, signal: AbortSignal): Promise<boolean> {
  if (!isHeld(files)) return false;
  const asked = new Set<number>();
  do {
    await askToEnd(files, asked);
    await sleep(lookEveryMs, signal);
  } while (isHeld(files));
  return true;
}

/**
 * Asks the controller that holds the data home to end, and adds it to `spared`. One that is in
 * `spared` is not asked.
 */
async function askToEnd(files: ControllerFiles, spared: Set<number | undefined>): Promise<void> {
  const state = await readState(files);
  if (state === undefined || spared.has(state.pid) || !isHeld(files)) return;
  checkHost(state, "linux");
  // a controller that was killed leaves its state, and its pid may be another process' by now
  const { pid, processStart } = state;
  if (processStart !== undefined && processStart !== await readProcessStart(pid)) return;
  try {
    process.kill(pid, "SIGTERM");
    spared.add(pid);
  } catch (cause) {
    // a controller that has ended meanwhile is what was asked for
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") {
      throw appError("not-stopped", { pid }, { cause });
    }
  }
}

async function readStatus(files: ControllerFiles, signal: AbortSignal): Promise<LocalStatus> {
  const { home } = files;
  const running = isHeld(files);
  const state = await readState(files);
  const namespaces = await listNamespaces(home);
  if (!running) {
    const problem = state === undefined
      ? undefined
      : `${state.container ?? `process ${state.pid}`} ended unexpectedly`;
    return {
      running,
      home,
      namespaces,
      ...(existsSync(files.log) ? { log: files.log } : {}),
      ...(problem === undefined ? {} : { problem }),
    };
  }
  const problem = state?.operationsUrl === undefined
    ? "it is starting"
    : await isReadyAt(state.operationsUrl, signal)
    ? undefined
    : `it does not answer at ${state.operationsUrl}`;
  return {
    running,
    home,
    ...stateFields(state),
    namespaces,
    ...(problem === undefined ? {} : { answers: false, problem }),
  };
}
