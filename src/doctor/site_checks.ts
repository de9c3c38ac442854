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
import { type Finding, note, ok, type Patient, problem } from "./finding.ts";

/** What is near at hand answers at once or not, in milliseconds. */
const answerWithinMs = 2000;

/** A certificate with less time left is told, in milliseconds. */
const soonMs = 30 * 86_400_000;

/** The site, its links and what was issued for it. */
export async function checkSites(patient: Patient): Promise<Finding[]> {
  const { platform: { namespace }, say } = patient;
  const sites = await patient.platform.list("Site", patient.signal);
  const [site] = sites;
  if (site === undefined) {
    const remedy = say.command(`site create ${namespace}`);
    return [problem("site", `there is none in namespace "${namespace}"`, remedy)];
  }
  const { name } = site.metadata;
  return [
    ...sites.slice(1).map((other) =>
      problem("site", `namespace "${namespace}" holds another one: "${other.metadata.name}"`)
    ),
    isReady(site)
      ? ok("site", `"${name}" is ready`)
      : problem("site", `"${name}" is ${describeState(site)}`),
    ...await checkAccess(site, patient),
    ...await checkRouter(patient),
  ];
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

async function checkRouter({ platform, signal }: Patient): Promise<Finding[]> {
  const router = await platform.routerProbe?.router(signal);
  if (router === undefined) return [];
  const { running, start, why, state } = router;
  if (running && state !== "unknown") return [ok("router", "runs")];
  return running
    ? [note("router", `runs, and can't be asked: ${why}`)]
    : [problem("router", "none runs, so links carry nothing", start)];
}

/** Grants, tokens that were dropped in, and links: those that something is wrong with. */
export async function checkResources(patient: Patient): Promise<Finding[]> {
  const { platform, signal, say, now } = patient;
  const grants = await platform.list("AccessGrant", signal);
  const tokens = await platform.list("AccessToken", signal);
  const links = await platform.list("Link", signal);
  const findings: Finding[] = [];
  for (const grant of grants) {
    const { status, message = "" } = grantState(grant, now);
    if (status !== "Error" && status !== "Pending") continue;
    const detail = `"${grant.metadata.name}" is ${status}: ${message}`;
    findings.push(problem("grant", detail, say.command(`grant status ${grant.metadata.name}`)));
  }
  for (const { metadata: { name }, status } of tokens) {
    if (status?.status !== "Error") continue;
    findings.push(problem("token", `"${name}" is not redeemed: ${status.message ?? ""}`));
  }
  for (const link of links) {
    const { name } = link.metadata;
    findings.push(
      isReady(link)
        ? ok("link", `"${name}" is ready`)
        : problem("link", `"${name}" is ${describeState(link)}`, say.command(`link check ${name}`)),
      ...await checkLifetime(link, patient),
    );
  }
  // without a controller, who answers there is somebody else
  const isServed = (await platform.controllerHost?.status(signal))?.running !== false;
  if (isServed) findings.push(...await checkService(grants[0]?.status?.url, patient));
  return findings;
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
