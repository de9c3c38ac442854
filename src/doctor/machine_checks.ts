import { existsSync } from "node:fs";
import { access, constants, stat, statfs } from "node:fs/promises";
import { userInfo } from "node:os";
import { openServerStore } from "../jfrog/config/store.ts";
import { bareHost, chooseProxy } from "../network/proxy.ts";
import type { LocalStatus, RunningController } from "../platform/abilities.ts";
import { join } from "node:path";
import { explainSystemError, systemErrorCode } from "../runtime/system_error.ts";
import { type Finding, type Look, note, ok, type Patient, problem } from "./finding.ts";

/** Less room than that in bytes is as good as none: a full disk refuses what is issued. */
const leastRoom = 16 * 1024 * 1024;

/** The controller of this machine and its clock. */
export async function checkController(patient: Patient): Promise<Look> {
  const { platform, say, signal, version } = patient;
  const status = await platform.controllerHost!.status(signal);
  return { findings: describeController(status, say.commandForAll, version) };
}

function describeController(
  status: LocalStatus,
  command: (words: string) => string,
  version: string,
): Finding[] {
  if (!status.running) {
    const start = command("controller start");
    const why = status.problem === undefined ? "" : `: ${status.problem}`;
    return [
      problem("controller", `none runs, so nothing is granted or redeemed${why}`, start),
      ...describeTakenPort(status.takenPort, start),
    ];
  }
  const restart = command("controller restart");
  if (status.answers === false) {
    return [problem("controller", status.problem ?? "it does not answer", restart)];
  }
  const findings = [ok("controller", `runs, and grants at ${status.grantUrl}`)];
  if (status.version !== undefined && status.version !== version) {
    const detail = `it is of version ${status.version}, and this program of ${version}`;
    findings.push(problem("controller", detail, restart));
  }
  const { port = "443" } = URL.parse(status.grantUrl ?? "") ?? {};
  findings.push(note("firewall", `remote sites need the TCP port ${port} (grant service)`));
  findings.push(
    status.clock === undefined
      ? ok("clock", "all clocks at hand agree")
      : problem("clock", status.clock, "Set it by a time server."),
  );
  return [...findings, ...describeCertificate(status)];
}

/** A controller starts on no other port than that of before, unless it is told to. */
function describeTakenPort(port: number | undefined, start: string): Finding[] {
  if (port === undefined) return [];
  const detail = `another program listens on port ${port}, which tokens issued so far name`;
  const remedy = `End it (ss -ltnp 'sport = :${port}' names it), or choose another port, with ` +
    `which those tokens are void: ${start} --grant-port <port>`;
  return [problem("port", detail, remedy)];
}

/** Of a certificate that the user brings; one of the controller's own looks after itself. */
function describeCertificate({ certificate }: RunningController): Finding[] {
  if (certificate === undefined) return [];
  const { place, notAfter, problem: wrong, notice } = certificate;
  const remedy = "Renew it in its place; it is served then without a restart.";
  return [
    wrong === undefined
      ? ok("certificate", `${place}, until ${notAfter}`)
      : problem("certificate", `${place}: ${wrong}`, remedy),
    ...(notice === undefined ? [] : [note("certificate", notice)]),
  ];
}

/** The data home of this machine: whether this user may use it, who else may, and its room. */
export async function checkHome({ platform }: Patient): Promise<Look> {
  const home = platform.controllerHost?.home;
  if (home === undefined) return { findings: [] };
  if (!existsSync(home)) return { findings: [note("data home", `${home} is not there yet`)] };
  for (const folder of [home, join(home, "namespaces"), join(home, "hawser")]) {
    const refusal = await whyUnusable(folder);
    if (refusal !== undefined) return { findings: [refusal], isShut: true };
  }
  const { mode } = await stat(home);
  const room = await roomProblem(home);
  if (room !== undefined) return { findings: [room] };
  return {
    findings: [
      (mode & 0o022) === 0
        ? ok("data home", home)
        : problem("data home", `${home} can be written by others`, `chmod go-w ${home}`),
    ],
  };
}

async function whyUnusable(folder: string): Promise<Finding | undefined> {
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    const why = explainSystemError(error);
    const owner = await stat(folder).then(({ uid }) => uid, () => undefined);
    const { uid } = userInfo(); // its name is only what a variable says
    if (owner === undefined || owner === uid || systemErrorCode(error) !== "EACCES") {
      return problem("data home", `${folder}: ${why}`, "HAWSER_DATA_HOME names another one.");
    }
    const whose = nameUser(owner);
    const detail = `${folder}: ${why}: it is ${whose}'s, and this runs as ${nameUser(uid)}`;
    return problem("data home", detail, `As ${whose}, or with another HAWSER_DATA_HOME, it works.`);
  }
}

function nameUser(uid: number): string {
  return uid === 0 ? "root" : `user ${uid}`;
}

async function roomProblem(home: string): Promise<Finding | undefined> {
  const { bavail, bsize } = await statfs(home);
  const room = bavail * bsize;
  if (room >= leastRoom) return undefined;
  const detail = `the disk of ${home} is full but for ${Math.floor(room / 1024)} KiB`;
  return problem(
    "data home",
    detail,
    "Make room there: nothing can be issued or redeemed without.",
  );
}

/** The proxy that redemptions go through, if one is named. */
export function checkProxy({ env }: Pick<Patient, "env">): Promise<Look> {
  const proxy = chooseProxy(new URL("https://grants.example"), env);
  if (proxy === undefined) return Promise.resolve({ findings: [] });
  const where = `${bareHost(proxy)}:${proxy.port || "80"}`;
  const detail = `${where} carries redemptions and requests to JFrog (HTTPS_PROXY)`;
  const remedy = "NO_PROXY names what is reached directly.";
  return Promise.resolve({ findings: [note("proxy", detail, remedy)] });
}

/** The configuration shared with jf, as far as it can be read without touching it. */
export async function checkConfiguration(
  { env, signal }: Pick<Patient, "env" | "signal">,
): Promise<Look> {
  const store = openServerStore(env);
  if (!existsSync(store.file)) return { findings: [] };
  const servers = await store.read(signal, "as they are");
  const { mode } = await stat(store.file);
  const count = `${servers.length} server${servers.length === 1 ? "" : "s"} in ${store.file}`;
  const detail = `${store.file} can be read by others`;
  return {
    findings: [
      (mode & 0o007) === 0
        ? ok("jf configuration", count)
        : problem("jf configuration", detail, `chmod o= ${store.file}`),
    ],
  };
}
