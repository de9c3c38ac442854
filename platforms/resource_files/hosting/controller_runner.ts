import { existsSync, fstatSync, statSync } from "node:fs";
import process from "node:process";
import { formatTime } from "../../../src/controller/conditions.ts";
import { ControllerClock } from "../../../src/controller/controller_clock.ts";
import { openCertificateFiles } from "../../../src/controller/certificate_files.ts";
import type { CertificateStatus } from "../../../src/platform/certificate_status.ts";
import { ownIdentity } from "../../../src/grant_service/service_identity.ts";
import { runController } from "../../../src/controller/controller.ts";
import type { ControllerHome, ControllerNamespace } from "../../../src/controller/home.ts";
import { errorFields, reportTo } from "../../../src/controller/log.ts";
import { type AppError, appError, isAppError } from "../../../src/errors/app_error.ts";
import type { RunningController } from "../../../src/platform/abilities.ts";
import type { LocalRunOptions } from "../../../src/platform/controller_options.ts";
import type { PlatformName } from "../../../src/platform/name.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { explainSystemError } from "../../../src/runtime/system_error.ts";
import { type HeldLock, lock, tryLock } from "../../../src/runtime/lock.ts";
import { controllerHome } from "../serving/controller_home.ts";
import { findLinkHosts, thisMachine } from "../site/link_hosts.ts";
import { type FileNamespace, fileNamespace } from "../serving/served_namespace.ts";
import {
  type ControllerFiles,
  controllerRunning,
  type ControllerState,
  makeControllerFolder,
  removeState,
  stateFields,
  writeSettings,
  writeState,
} from "./controller_files.ts";
import { waitingEvent } from "./controller_program.ts";
import { keepLogShort } from "./short_log.ts";
import { readProcessStart } from "./process_start.ts";
import { clockNotes } from "./clock_notes.ts";
import { choosePorts } from "./controller_ports.ts";
import { closeGrantsOfCopy, originFile } from "../serving/home_origin.ts";
import { trustSites } from "../serving/site_origin.ts";
import { AuditTrail } from "../serving/audit_trail.ts";
import { identityFiles } from "../serving/identity_files.ts";

/** What the controller of a data home runs with. */
export interface RunnerSetup {
  platform: PlatformName;
  /** The container this process runs in, if it is one of the platform's. */
  container: string | undefined;
  files: ControllerFiles;
  /** Opens a namespace for the controller that has run since then (RFC 3339). */
  open(
    namespace: string,
    since: string,
    onProblem: (problem: AppError) => void,
  ): FileNamespace;
  env: Record<string, string | undefined>;
  version: string;
}

/** A command that looks whether the lock is free holds it for a moment, and is no controller. */
const lockPatienceMs = 250;

/** How often a controller that waits for another one looks whether that has ended. */
const lookEveryMs = 5;

/**
 * Runs the controller of a data home in this process until the signal aborts. Throws
 * `controller-running` if there is one that is not waited for, `port-in-use`, and
 * `data-home-unusable`.
 */
export async function runLocalController(
  { platform, container, files, open, env, version }: RunnerSetup,
  { wait = false, ...options }: LocalRunOptions,
  signal: AbortSignal,
  stderr: (line: string) => void,
  ready?: (status: RunningController) => void,
): Promise<void> {
  await makeControllerFolder(files);
  const clock = new ControllerClock({ memory: clockNotes(files.clock) });
  const readings = () => clock.readings();
  // before it waits for another one: that goes on serving if this one can't
  const certificate = await openCertificateFiles(options, env, readings);
  const mine = wait ? await awaitHome(files, signal, stderr) : await lockHome(files);
  if (mine === undefined) return;
  const log = writesTo(files.log) ? keepLogShort(files.log, stderr) : stderr;
  let trail: AuditTrail | undefined;
  try {
    const report = reportTo(log, Date.now);
    trail = openTrail(files, (error) => report("audit-failed", errorFields(error)));
    const processStart = await readProcessStart(process.pid);
    let state: ControllerState = {
      platform,
      ...(container === undefined ? {} : { container }),
      pid: process.pid,
      ...(processStart === undefined ? {} : { processStart }),
      version,
      startedAt: formatTime(Date.now()),
      ...(writesTo(files.log) ? { log: files.log } : {}),
      options,
    };
    const { startedAt } = state;
    const keepState = async (more: Partial<ControllerState>) => {
      state = { ...state, ...more };
      await writeState(files, state);
    };
    await keepState({});
    const closed = new Set<string>();
    const home = servedHome({
      home: files.home,
      open: (namespace, onProblem) => open(namespace, startedAt, onProblem),
      clock,
      closed,
      log,
    });
    if (!existsSync(originFile(files.folder))) await trustSites(files.home);
    for (const uid of await closeGrantsOfCopy(files.folder, () => listGrants(home, signal))) {
      closed.add(uid);
    }
    await runController({
      home,
      clock,
      clockJudged: (problem) => keepState({ clock: problem }),
      identity: certificate ?? ownIdentity(identityFiles(files.issuer), readings),
      ...(certificate && {
        certificate,
        certificateJudged: (status: CertificateStatus) => keepState({ certificate: status }),
      }),
      ...await choosePorts(files, options),
      ...(options.proxyProtocolFrom && { proxies: options.proxyProtocolFrom }),
      hosts: {
        fixed: options.grantHost,
        async ofMachine() {
          const [host] = await findLinkHosts(thisMachine);
          return host === undefined ? undefined : { host };
        },
      },
      env,
      log,
      trail,
      async listening({ grantPort, operationsPort, grantUrl, operationsUrl }) {
        await writeSettings(files, { grantPort, operationsPort });
        await keepState({ grantUrl, operationsUrl });
        ready?.({ running: true, home: files.home, ...stateFields(state) });
      },
    }, signal);
  } finally {
    trail?.close();
    await removeState(files);
    mine.release();
  }
}

/** The uids of all grants there are. */
async function listGrants(home: ControllerHome, signal: AbortSignal): Promise<string[]> {
  const uids: string[] = [];
  for (const namespace of await home.namespaces(signal)) {
    const { platform } = await home.open(namespace);
    for (const { metadata } of await platform.list("AccessGrant", signal)) {
      if (metadata.uid !== undefined) uids.push(metadata.uid);
    }
  }
  return uids;
}

async function lockHome(files: ControllerFiles): Promise<HeldLock> {
  const patience = AbortSignal.timeout(lockPatienceMs);
  try {
    return await lock(files.lock, patience);
  } catch (error) {
    if (!patience.aborted) throw error;
    throw await controllerRunning(files);
  }
}

/**
 * Takes the lock as soon as the controller that has it ends, and says so while it waits; undefined
 * if the signal aborts before.
 */
async function awaitHome(
  files: ControllerFiles,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<HeldLock | undefined> {
  let mine = tryLock(files.lock);
  if (mine === undefined) reportTo(log, Date.now)(waitingEvent);
  while (mine === undefined && !signal.aborted) {
    await sleep(lookEveryMs, signal).catch(() => {});
    mine = tryLock(files.lock);
  }
  return mine;
}

/** The data home; a namespace once opened stays so, as its ledgers are kept in memory. */
function servedHome({ home, open, clock, closed, log }: {
  home: string;
  open: (namespace: string, onProblem: (problem: AppError) => void) => FileNamespace;
  clock: ControllerClock;
  closed: ReadonlySet<string>;
  log: (line: string) => void;
}): ControllerHome {
  const report = reportTo(log, Date.now);
  const namespaces = new Map<string, ControllerNamespace>();
  return controllerHome({
    home,
    clock,
    open(namespace) {
      let opened = namespaces.get(namespace);
      if (opened === undefined) {
        const files = open(
          namespace,
          (problem) => {
            const isField = isAppError(problem, "field-unknown");
            report(isField ? "field-ignored" : "resource-ignored", {
              namespace,
              ...errorFields(problem),
            });
          },
        );
        opened = fileNamespace(files, closed);
        namespaces.set(namespace, opened);
      }
      return Promise.resolve(opened);
    },
    onProblem: (problem) => report("watch-failed", errorFields(problem)),
  });
}

function openTrail(files: ControllerFiles, onProblem: (error: unknown) => void): AuditTrail {
  try {
    return new AuditTrail(files.audit, onProblem);
  } catch (cause) {
    const why = explainSystemError(cause);
    throw appError("data-home-unusable", { path: files.audit, why }, { cause });
  }
}

/** True if this process' stderr goes to that file. */
function writesTo(path: string): boolean {
  try {
    const [mine, file] = [fstatSync(2), statSync(path)];
    return mine.ino === file.ino && mine.dev === file.dev;
  } catch {
    return false;
  }
}
