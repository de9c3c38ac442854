import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import process from "node:process";
import { appError } from "../../src/errors/app_error.ts";
import type {
  ControllerHost,
  ControllerOptions,
  ControllerStatus,
} from "../../src/platform/abilities.ts";
import { sleep } from "../../src/runtime/clock.ts";
import { listNamespaces } from "../resource_files/namespaces.ts";
import {
  type ControllerFiles,
  isHeld,
  makeControllerFolder,
  readState,
} from "../resource_files/controller_files.ts";
import { isReadyAt } from "../resource_files/controller_probe.ts";

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
    stop: (signal) => stop(files, signal),
    status: (signal) => readStatus(files, signal),
  };
}

async function start(
  files: ControllerFiles,
  program: Program,
  options: ControllerOptions,
  signal: AbortSignal,
): Promise<ControllerStatus> {
  await makeControllerFolder(files);
  if (isHeld(files)) {
    const pid = (await readState(files))?.pid;
    throw appError("controller-running", { home: files.home, pid });
  }
  const log = await open(files.log, "a", 0o600);
  const logStart = (await log.stat()).size;
  const child = spawnController(files, program, options, log.fd);
  await log.close();
  let failure: Error | undefined;
  child.on("error", (error) => failure = error);
  try {
    while (!(await isReady(files, child, signal))) {
      if (failure !== undefined || child.exitCode !== null || child.signalCode !== null) {
        const why = failure?.message ?? await lastError(files.log, logStart);
        throw appError("controller-failed", { why, log: files.log });
      }
      await sleep(lookEveryMs, signal);
    }
  } catch (error) {
    child.kill();
    throw error;
  }
  child.unref();
  return await readStatus(files, signal);
}

function spawnController(
  files: ControllerFiles,
  { executable, env }: Program,
  { grantHost, grantPort }: ControllerOptions,
  log: number,
): ChildProcess {
  const [command, ...words] = executable;
  words.push("controller", "run", "-p", "linux");
  if (grantHost !== undefined) words.push("--grant-host", grantHost);
  if (grantPort !== undefined) words.push("--grant-port", String(grantPort));
  return spawn(command!, words, {
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

/** Why the controller ended, from what it wrote to its log from `start` on. */
async function lastError(log: string, start: number): Promise<string> {
  const text = (await readFile(log)).subarray(start).toString("utf8");
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const error = lines.findLast((line) => line.startsWith("error: "));
  return error?.slice("error: ".length) ?? lines.at(-1) ?? "it ended without a word";
}

async function stop(files: ControllerFiles, signal: AbortSignal): Promise<boolean> {
  if (!isHeld(files)) return false;
  let asked: number | undefined;
  do {
    const pid = (await readState(files))?.pid;
    if (pid !== undefined && pid !== asked && isHeld(files)) {
      askToEnd(pid);
      asked = pid;
    }
    await sleep(lookEveryMs, signal);
  } while (isHeld(files));
  return true;
}

function askToEnd(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (cause) {
    // one that has ended meanwhile is what was asked for
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") {
      throw appError("not-stopped", { pid }, { cause });
    }
  }
}

async function readStatus(files: ControllerFiles, signal: AbortSignal): Promise<ControllerStatus> {
  const { home } = files;
  const running = isHeld(files);
  const state = await readState(files);
  const namespaces = await listNamespaces(home);
  if (!running) {
    const problem = state === undefined ? undefined : `process ${state.pid} ended unexpectedly`;
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
  return { running, home, ...state, namespaces, ...(problem === undefined ? {} : { problem }) };
}
