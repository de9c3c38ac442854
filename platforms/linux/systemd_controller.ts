import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isAppError } from "../../src/errors/app_error.ts";
import type {
  ControllerHost,
  ControllerOptions,
  ControllerStatus,
} from "../../src/platform/abilities.ts";
import { makePrivateFolder, writeWhole } from "../../src/runtime/files.ts";
import { sleep } from "../../src/runtime/clock.ts";
import { controllerFailure } from "../resource_files/hosting/controller_failure.ts";
import {
  type ControllerFiles,
  controllerRunning,
  isHeld,
  makeControllerFolder,
  readState,
} from "../resource_files/hosting/controller_files.ts";
import { isReadyAt } from "../resource_files/hosting/controller_probe.ts";
import { proxySettings, runWords } from "../resource_files/hosting/controller_program.ts";
import { findDataHome } from "../resource_files/paths.ts";
import { writeUnit } from "./controller_unit.ts";
import type { Program } from "./detached_controller.ts";
import type { Systemd } from "./systemd.ts";

/** How often the controller is asked whether it answers. */
const lookEveryMs = 20;

/** How long taking a unit away may take whose start failed or was interrupted. */
const cleanUpWithinMs = 10_000;

/** Why a user's controller may not be there for as long as expected. */
const notLingering =
  'it ends when its user logs out; "loginctl enable-linger" keeps it, also over a reboot';

/** What a controller is hosted with by systemd. */
export interface SystemdSetup {
  files: ControllerFiles;
  program: Program;
  systemd: Systemd;
  /** The same controller as a process: one that runs as such is stopped, replaced and asked as ever. */
  detached: ControllerHost;
}

/** The controller of a data home as a unit of systemd. */
export function systemdController(
  { files, program, systemd, detached }: SystemdSetup,
): ControllerHost {
  const unit = unitName(files, program, systemd.isUser);
  const unitFile = join(systemd.unitFolder, unit);
  const log = `shown by "journalctl ${systemd.isUser ? "--user " : ""}--unit ${unit}"`;

  async function install(options: ControllerOptions, signal: AbortSignal): Promise<void> {
    const environmentFile = environmentFileOf(files);
    await writeWhole(environmentFile, environmentText(program), {
      mode: 0o600,
      replace: "always",
    });
    await makePrivateFolder(systemd.unitFolder);
    const text = controllerUnit(files, program, options, systemd.isUser);
    await writeWhole(unitFile, text, { mode: 0o644, replace: "always" });
    await systemd.control(["daemon-reload"], signal);
    await systemd.control(["enable", unit], signal);
  }

  /** True if there was a unit, running or not. */
  async function uninstall(signal: AbortSignal): Promise<boolean> {
    if (!existsSync(unitFile)) return false;
    await systemd.control(["disable", "--now", unit], signal);
    await rm(unitFile, { force: true });
    await rm(environmentFileOf(files), { force: true });
    await systemd.control(["daemon-reload"], signal);
    return true;
  }

  async function start(options: ControllerOptions, signal: AbortSignal): Promise<void> {
    await makeControllerFolder(files);
    if (isHeld(files)) throw await controllerRunning(files);
    await launch("start", options, signal);
  }

  async function launch(
    verb: "start" | "restart",
    options: ControllerOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const since = Date.now();
    try {
      await install(options, signal);
      await systemd.control([verb, unit], signal);
      while (!await answers(signal)) await sleep(lookEveryMs, signal);
    } catch (cause) {
      const cleanUp = AbortSignal.timeout(cleanUpWithinMs);
      const output = await systemd.journal(unit, since, cleanUp);
      // a restart is tried again by systemd; of a start that failed nothing is to come back later
      if (verb === "start") await uninstall(cleanUp).catch(() => {});
      signal.throwIfAborted();
      if (isAppError(cause)) throw cause;
      const ending = (cause as Error).message; // systemctl's
      throw await controllerFailure(files, { output, ending, log });
    }
  }

  async function answers(signal: AbortSignal): Promise<boolean> {
    const url = (await readState(files))?.operationsUrl;
    return url !== undefined && await isReadyAt(url, signal);
  }

  async function status(signal: AbortSignal): Promise<ControllerStatus> {
    const found = await detached.status(signal);
    if (!existsSync(unitFile)) return found;
    const problem = found.problem ?? (await systemd.isLingering(signal) ? undefined : notLingering);
    return { ...found, unit, log, ...(problem === undefined ? {} : { problem }) };
  }

  return {
    status,
    async start(options, signal) {
      await start(options, signal);
      return await status(signal);
    },
    async restart(options, signal) {
      const isHeldByUnit = existsSync(unitFile);
      if (isHeld(files) && !isHeldByUnit) return await detached.restart(options, signal);
      if (!isHeld(files)) await start(options, signal);
      else await launch("restart", { ...(await readState(files))?.options, ...options }, signal);
      return await status(signal);
    },
    async stop(signal) {
      const hadUnit = await uninstall(signal);
      return await detached.stop(signal) || hadUnit;
    },
  };
}

/** The unit of a data home's controller, as a file of systemd's. */
export function controllerUnit(
  files: ControllerFiles,
  { executable }: Program,
  options: ControllerOptions,
  isUser: boolean,
): string {
  return writeUnit({
    command: [...executable, ...runWords("linux", options)],
    home: files.home,
    environmentFile: environmentFileOf(files),
    isUser,
  });
}

/** The usual data home has the plain name; each other one has a unit of its own. */
export function unitName(files: ControllerFiles, { env }: Program, isUser: boolean): string {
  const usual = findDataHome({ ...env, HAWSER_DATA_HOME: undefined }, isUser ? undefined : 0);
  if (files.home === usual) return "hawser-controller.service";
  const mark = createHash("sha256").update(files.home).digest("hex").slice(0, 8);
  return `hawser-controller-${mark}.service`;
}

/** What a proxy's url holds may be secret: anybody may read a unit. */
function environmentFileOf(files: ControllerFiles): string {
  return join(files.folder, "environment");
}

function environmentText({ env }: Program): string {
  return Object.entries(proxySettings(env))
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\$`]/g, "\\$&")}"\n`).join("");
}
