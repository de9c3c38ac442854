import { existsSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { Say } from "../errors/entry.ts";
import { openTcp } from "../network/connection.ts";
import { describeConnectionError } from "../network/connection_fault.ts";
import { discard } from "../network/connection.ts";
import { whyOnlyHere } from "../network/host_reach.ts";
import { readCertificate } from "../pki/certificate.ts";
import { grantState } from "../resources/access_grant.ts";
import type { Link } from "../resources/link.ts";
import { describeState, hostAndPort, isReady } from "../resources/resource.ts";
import { type Site, wantsLinkAccess } from "../resources/site.ts";
import { within } from "../runtime/abortable.ts";
import { relativeTime } from "../wait/duration.ts";
import { type Finding, type Look, note, ok, type Patient, problem } from "./finding.ts";

/** What is near at hand answers at once or not, in milliseconds. */
const answerWithinMs = 2000;

/** A certificate with less time left is told, in milliseconds. */
const soonMs = 30 * 86_400_000;

/** The site, the addresses that it is reached by, and its router. */
export async function checkSites(patient: Patient): Promise<Look> {
  const { platform: { namespace }, say } = patient;
  const sites = await patient.platform.list("Site", patient.signal);
  const [site] = sites;
  if (site === undefined) {
    const remedy = say.command(`site create ${namespace}`);
    return {
      findings: [problem("site", `there is none in namespace "${namespace}"`, remedy)],
    };
  }
  const { name } = site.metadata;
  const findings = [
    ...sites.slice(1).map((other) =>
      problem("site", `namespace "${namespace}" holds another one: "${other.metadata.name}"`)
    ),
    isReady(site)
      ? ok("site", `"${name}" is ready`)
      : problem("site", `"${name}" is ${describeState(site)}`),
    ...await checkAccess(site, patient),
    ...await checkRouter(patient),
  ];
  return { findings };
}

async function checkAccess(site: Site, { say, signal }: Patient): Promise<Finding[]> {
  const endpoints = site.status?.endpoints ?? [];
  if (!wantsLinkAccess(site) && endpoints.length === 0) {
    const remedy = say.command("site update --enable-link-access");
    return [note("link access", "is not enabled: this site makes links, and takes none", remedy)];
  }
  const hosts = [...new Set(endpoints.map(({ host = "" }) => host))];
  const ports = endpoints.map(({ name = "", port = "" }) => `${port} (${name})`).join(", ");
  const findings: Finding[] = [];
  for (const host of hosts) {
    const why = await whyOnlyHere(host, signal);
    const remedy = say.command("site update --link-host <host>");
    findings.push(
      why === undefined
        ? ok("link access", `remote sites reach this one at ${host}`)
        : problem("link access", `remote sites can't reach this one at ${host}: ${why}`, remedy),
    );
  }
  if (ports !== "") findings.push(note("firewall", `remote sites need the TCP ports ${ports}`));
  return findings;
}

async function checkRouter(patient: Patient): Promise<Finding[]> {
  const { platform, signal } = patient;
  const router = await platform.routerProbe?.router(signal);
  if (router === undefined) return [];
  const { running, start, why, state } = router;
  if (running && state !== "unknown") return [ok("router", "runs")];
  return running
    ? [note("router", `runs, and can't be asked: ${why}`)]
    : [problem("router", `none runs, so links carry nothing${whereToGet(patient.env)}`, start)];
}

/** What starts a router is Skupper's own program, which is installed by itself. */
function whereToGet({ PATH = "" }: Patient["env"]): string {
  const isThere = PATH.split(delimiter).some((folder) =>
    isAbsolute(folder) && existsSync(join(folder, "skupper"))
  );
  return isThere ? "" : "; the program skupper that starts one is not here: https://skupper.io";
}

/** Grants, tokens that were dropped in, and links: those that something is wrong with. */
export async function checkResources(patient: Patient): Promise<Look> {
  const { platform, signal, say, now } = patient;
  const grants = await platform.list("AccessGrant", signal);
  const tokens = await platform.list("AccessToken", signal);
  const links = await platform.list("Link", signal);
  const findings: Finding[] = [];
  for (const grant of grants) {
    const { status, message = "" } = grantState(grant, now);
    if (status !== "Error" && status !== "Pending") continue;
    const { name } = grant.metadata;
    const detail = `"${name}" is ${status}: ${message}`;
    // what is wrong with it stays so; what it waits for may be seen there
    const verb = status === "Error" ? "revoke" : "status";
    findings.push(problem("grant", detail, say.command(`grant ${verb} ${name}`)));
  }
  for (const { metadata: { name }, status } of tokens) {
    if (status?.status !== "Error") continue;
    const detail = `"${name}" is not redeemed, which takes another token: ${status.message ?? ""}`;
    findings.push(problem("token", detail, say.command(`delete token ${name}`)));
  }
  for (const link of links) {
    const { name } = link.metadata;
    findings.push(
      isReady(link) ? ok("link", `"${name}" is ready`) : linkProblem(link, say),
      ...await checkLifetime(link, patient),
    );
  }
  // without a controller, who answers there is somebody else; one that hangs accepts all the same
  if (patient.isServed !== false) {
    findings.push(...await checkService(grants[0]?.status?.url, patient));
  }
  return { findings };
}

/** A link that is broken takes a new token; of one that is down the check tells why. */
function linkProblem(link: Link, say: Say): Finding {
  const { name } = link.metadata;
  const detail = `"${name}" is ${describeState(link)}`;
  return link.status?.status === "Error"
    ? problem("link", `${detail}, which takes another token`, say.command(`link delete ${name}`))
    : problem("link", detail, say.command(`link check ${name}`));
}

async function checkLifetime(link: Link, { platform, signal, now }: Patient): Promise<Finding[]> {
  const secret = await platform.get("Secret", link.spec?.tlsCredentials ?? "", signal);
  const pem = secret?.data?.["tls.crt"];
  if (pem === undefined) return [];
  const { notAfter } = readCertificate(new TextDecoder().decode(Uint8Array.fromBase64(pem)));
  const leftMs = notAfter.getTime() - now;
  if (leftMs > soonMs) return [];
  const detail = `that of link "${link.metadata.name}" ends ${
    relativeTime(notAfter.toISOString(), now)
  }`;
  const remedy = "Redeem a new token of the other site.";
  return [(leftMs <= 0 ? problem : note)("certificate", detail, remedy)];
}

/** Whether the grant service answers at the address that tokens name. */
async function checkService(url: string | undefined, { signal }: Patient): Promise<Finding[]> {
  const address = URL.parse(url ?? "");
  if (address === null) return [];
  const host = address.hostname.replace(/^\[|\]$/g, "");
  const port = Number(address.port || 443);
  const where = hostAndPort(host, port);
  const late = () => Object.assign(new Error("late"), { code: "ETIMEDOUT" });
  try {
    const open = (bounded: AbortSignal) => openTcp(host, port, bounded);
    discard(await within(answerWithinMs, late, open, signal));
    return [ok("grant service", `answers at ${where}, which tokens name`)];
  } catch (error) {
    const { why } = describeConnectionError(error, host);
    const remedy = `Let TCP connections to ${where} through, or choose another address.`;
    return [problem("grant service", `can't be reached from here at ${where}: ${why}`, remedy)];
  }
}
