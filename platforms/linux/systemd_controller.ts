import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isAppError } from "../../src/errors/app_error.ts";
import type { ControllerHost, LocalStatus } from "../../src/platform/abilities.ts";
import type { ControllerOptions } from "../../src/platform/controller_options.ts";
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
import {
  proxySettings,
  runWords,
  trustSettings,
} from "../resource_files/hosting/controller_program.ts";
import { certificateFolders } from "../resource_files/hosting/certificate_paths.ts";
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
  /**
   * The same controller as a process of its own. A controller that runs so is stopped, replaced and
   * asked as before.
   */
  detached: ControllerHost;
}

/** The controller of a data home as a unit of systemd. */
export class SystemdController implements ControllerHost {
  readonly #files: ControllerFiles;
  readonly #program: Program;
  readonly #systemd: Systemd;
  readonly #detached: ControllerHost;
  readonly #unit: string;
  readonly #unitFile: string;
  readonly #log: string;

  constructor({ files, program, systemd, detached }: SystemdSetup) {
    this.#files = files;
    this.#program = program;
    this.#systemd = systemd;
    this.#detached = detached;
    this.#unit = unitName(files, program, systemd.isUser);
    this.#unitFile = join(systemd.unitFolder, this.#unit);
    this.#log = `shown by "journalctl ${systemd.isUser ? "--user " : ""}--unit ${this.#unit}"`;
  }

  async start(options: ControllerOptions, signal: AbortSignal): Promise<LocalStatus> {
    await this.#start(options, signal);
    return await this.status(signal);
  }

  async restart(options: ControllerOptions, signal: AbortSignal): Promise<LocalStatus> {
    const isServed = isHeld(this.#files);
    if (isServed && !existsSync(this.#unitFile)) {
      return await this.#detached.restart(options, signal);
    }
    if (isServed) {
      const before = (await readState(this.#files))?.options;
      await this.#launch("restart", { ...before, ...options }, signal);
    } else {
      await this.#start(options, signal);
    }
    return await this.status(signal);
  }

  async stop(signal: AbortSignal): Promise<boolean> {
    const hadUnit = await this.#uninstall(signal);
    return await this.#detached.stop(signal) || hadUnit;
  }

  async status(signal: AbortSignal): Promise<LocalStatus> {
    const found = await this.#detached.status(signal);
    if (!existsSync(this.#unitFile)) return found;
    const problem = found.problem ??
      (await this.#systemd.isLingering(signal) ? undefined : notLingering);
    return {
      ...found,
      unit: this.#unit,
      log: this.#log,
      ...(problem === undefined ? {} : { problem }),
    };
  }

  async #start(options: ControllerOptions, signal: AbortSignal): Promise<void> {
    await makeControllerFolder(this.#files);
    if (isHeld(this.#files)) throw await controllerRunning(this.#files);
    await this.#launch("start", options, signal);
  }

  async #launch(
    verb: "start" | "restart",
    options: ControllerOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const since = Date.now();
    try {
      await this.#install(options, signal);
      await this.#systemd.control([verb, this.#unit], signal);
      while (!await this.#answers(signal)) await sleep(lookEveryMs, signal);
    } catch (cause) {
      const cleanUp = AbortSignal.timeout(cleanUpWithinMs);
      const output = await this.#systemd.journal(this.#unit, since, cleanUp);
      // a restart is tried again by systemd; of a start that failed nothing is to come back later
      if (verb === "start") await this.#uninstall(cleanUp).catch(() => {});
      signal.throwIfAborted();
      if (isAppError(cause)) throw cause;
      const ending = (cause as Error).message; // systemctl's
      throw await controllerFailure(this.#files, { output, ending, log: this.#log });
    }
  }

  async #install(options: ControllerOptions, signal: AbortSignal): Promise<void> {
    const environmentFile = environmentFileOf(this.#files);
    await writeWhole(environmentFile, environmentText(this.#program), {
      mode: 0o600,
      replace: "always",
    });
    await makePrivateFolder(this.#systemd.unitFolder);
    const text = controllerUnit(this.#files, this.#program, options, this.#systemd.isUser);
    await writeWhole(this.#unitFile, text, { mode: 0o644, replace: "always" });
    await this.#systemd.control(["daemon-reload"], signal);
    await this.#systemd.control(["enable", this.#unit], signal);
  }

  /** True if there was a unit, running or not. */
  async #uninstall(signal: AbortSignal): Promise<boolean> {
    if (!existsSync(this.#unitFile)) return false;
    await this.#systemd.control(["disable", "--now", this.#unit], signal);
    await rm(this.#unitFile, { force: true });
    await rm(environmentFileOf(this.#files), { force: true });
    await this.#systemd.control(["daemon-reload"], signal);
    return true;
  }

  async #answers(signal: AbortSignal): Promise<boolean> {
    const url = (await readState(this.#files))?.operationsUrl;
    return url !== undefined && await isReadyAt(url, signal);
  }
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
    readable: certificateFolders(options),
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

/** A proxy's url may hold a secret, and anybody may read a unit. */
function environmentFileOf(files: ControllerFiles): string {
  return join(files.folder, "environment");
}

function environmentText({ env }: Program): string {
  return Object.entries({ ...proxySettings(env), ...trustSettings(env) })
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\$`]/g, "\\$&")}"\n`).join("");
}
