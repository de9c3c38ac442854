import { access, constants, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type AppError, appError } from "../../../src/errors/app_error.ts";
import type { RunningController } from "../../../src/platform/abilities.ts";
import type { ControllerOptions } from "../../../src/platform/controller_options.ts";
import type { CertificateStatus } from "../../../src/platform/certificate_status.ts";
import type { PlatformName } from "../../../src/platform/name.ts";
import { makeLastingFolder, writeWhole } from "../../../src/runtime/files.ts";
import { isLocked } from "../../../src/runtime/lock.ts";
import { explainSystemError } from "../../../src/runtime/system_error.ts";
import { controllerFolder } from "../paths.ts";

/** The controller's own files in a data home. */
export interface ControllerFiles {
  readonly home: string;
  readonly folder: string;
  /** Held as long as a controller serves the data home. */
  readonly lock: string;
  readonly state: string;
  readonly settings: string;
  readonly log: string;
  /** The folder of the audit. */
  readonly audit: string;
  /** What was observed of the clocks. */
  readonly clock: string;
  /** The certificate authority of the grant service. */
  readonly issuer: string;
}

/** What a running controller tells about itself. */
export interface ControllerState {
  /** The platform that hosts it; another one can't end it. */
  platform: PlatformName;
  /** The container it runs in; the pid is then one of that container. */
  container?: string;
  pid: number;
  /** Tells the process from a later one of that pid, where the system can. */
  processStart?: string;
  version: string;
  /** RFC 3339. */
  startedAt: string;
  /** Set, as the next one, once it listens. */
  grantUrl?: string;
  operationsUrl?: string;
  log?: string;
  /** What looks wrong with the clocks. */
  clock?: string | undefined;
  /** How it stands with the certificate that the user brings. */
  certificate?: CertificateStatus;
  options: ControllerOptions;
}

/** What is kept from one run to the next. */
export interface ControllerSettings {
  /** The port in the urls of the grants issued so far. */
  grantPort?: number;
  /** The port that those who watch over it know. */
  operationsPort?: number;
}

export function controllerFiles(home: string): ControllerFiles {
  const folder = controllerFolder(home);
  return {
    home,
    folder,
    lock: join(folder, "lock"),
    state: join(folder, "state.json"),
    settings: join(folder, "settings.json"),
    log: join(folder, "controller.log"),
    audit: join(folder, "audit"),
    clock: join(folder, "clock.json"),
    issuer: join(folder, "issuer"),
  };
}

/** Makes the controller's folder; throws `data-home-unusable`. */
export async function makeControllerFolder(files: ControllerFiles): Promise<void> {
  try {
    await makeLastingFolder(files.folder);
    await access(files.folder, constants.W_OK);
  } catch (cause) {
    const why = explainSystemError(cause);
    throw appError("data-home-unusable", { path: files.home, why }, { cause });
  }
}

/** True while a controller holds the data home, from before it listens until it has ended. */
export function isHeld(files: ControllerFiles): boolean {
  return isLocked(files.lock);
}

/** When the controller that serves the data home started (RFC 3339), or undefined if none does. */
export async function servingSince(files: ControllerFiles): Promise<string | undefined> {
  const state = await readState(files);
  return state?.grantUrl !== undefined && isHeld(files) ? state.startedAt : undefined;
}

/** `controller-running`, naming the process or container that holds the data home. */
export async function controllerRunning(files: ControllerFiles): Promise<AppError> {
  const state = await readState(files);
  const as = state && (state.container ? `container ${state.container}` : `pid ${state.pid}`);
  return appError("controller-running", { home: files.home, as });
}

/** Throws `controller-elsewhere` for a controller that another platform than that one hosts. */
export function checkHost(state: ControllerState | undefined, name: PlatformName): void {
  if (state === undefined || state.platform === name) return;
  throw appError("controller-elsewhere", { platform: state.platform });
}

/** The fields of a state that describe the controller that runs. */
export function stateFields(state: ControllerState | undefined): Partial<RunningController> {
  if (state === undefined) return {};
  const { options: _, processStart: __, pid, ...fields } = state;
  return state.container === undefined ? { pid, ...fields } : fields;
}

export function readState(files: ControllerFiles): Promise<ControllerState | undefined> {
  return readJson<ControllerState>(files.state);
}

export async function writeState(files: ControllerFiles, state: ControllerState): Promise<void> {
  await writeJson(files.state, state);
}

export async function removeState(files: ControllerFiles): Promise<void> {
  await rm(files.state, { force: true });
}

export async function readSettings(files: ControllerFiles): Promise<ControllerSettings> {
  return await readJson<ControllerSettings>(files.settings) ?? {};
}

export async function writeSettings(
  files: ControllerFiles,
  settings: ControllerSettings,
): Promise<void> {
  await writeJson(files.settings, settings);
}

/**
 * Undefined for a file that is absent; written by us alone, so one that is broken counts as such.
 */
export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Writes a file that `readJson` reads; throws `not-writable`. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  await writeWhole(path, new TextEncoder().encode(text), { mode: 0o600, replace: "always" });
}
