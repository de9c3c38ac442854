import { existsSync } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { openServerStore } from "../jfrog/config/store.ts";
import { bareHost, chooseProxy } from "../network/proxy.ts";
import type { LocalStatus, RunningController } from "../platform/abilities.ts";
import { explainSystemError } from "../runtime/system_error.ts";
import { type Finding, note, ok, type Patient, problem } from "./finding.ts";

/** The controller of this machine, its data home and its clock. */
export async function checkController(patient: Patient): Promise<Finding[]> {
  const { platform, say, signal, version } = patient;
  const status = await platform.controllerHost!.status(signal);
  return [
    ...await checkHome(status.home),
    ...describeController(status, say.commandForAll, version),
  ];
}

function describeController(
  status: LocalStatus,
  command: (words: string) => string,
  version: string,
): Finding[] {
  if (!status.running) {
    const start = command("controller start");
    const why = status.problem === undefined ? "" : `: ${status.problem}`;
    return [problem("controller", `none runs, so nothing is granted or redeemed${why}`, start)];
  }
  const restart = command("controller restart");
  if (status.answers === false) {
    return [problem("controller", `it does not answer: ${status.problem ?? "it hangs"}`, restart)];
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

async function checkHome(home: string): Promise<Finding[]> {
  if (!existsSync(home)) return [note("data home", `${home} is not there yet`)];
  try {
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const remedy = "HAWSER_DATA_HOME names another one.";
    return [problem("data home", `${home}: ${explainSystemError(error)}`, remedy)];
  }
  const { mode } = await stat(home);
  return (mode & 0o022) === 0
    ? [ok("data home", home)]
    : [problem("data home", `${home} can be written by others`, `chmod go-w ${home}`)];
}

/** The proxy that redemptions go through, if one is named. */
export function checkProxy({ env }: Pick<Patient, "env">): Promise<Finding[]> {
  const proxy = chooseProxy(new URL("https://grants.example"), env);
  if (proxy === undefined) return Promise.resolve([]);
  const where = `${bareHost(proxy)}:${proxy.port || "80"}`;
  const detail = `${where} carries redemptions and requests to JFrog (HTTPS_PROXY)`;
  return Promise.resolve([note("proxy", detail, "NO_PROXY names what is reached directly.")]);
}

/** The configuration shared with jf, as far as it can be read without touching it. */
export async function checkConfiguration(
  { env, signal }: Pick<Patient, "env" | "signal">,
): Promise<Finding[]> {
  const store = openServerStore(env);
  if (!existsSync(store.file)) return [];
  const servers = await store.read(signal, "as they are");
  const { mode } = await stat(store.file);
  const count = `${servers.length} server${servers.length === 1 ? "" : "s"} in ${store.file}`;
  return (mode & 0o007) === 0 ? [ok("jf configuration", count)] : [
    problem("jf configuration", `${store.file} can be read by others`, `chmod o= ${store.file}`),
  ];
}
