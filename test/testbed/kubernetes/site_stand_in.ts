import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type AccessGrant, grantsDisabled } from "../../../src/resources/access_grant.ts";
import type { Condition, Endpoint } from "../../../src/resources/resource.ts";
import { type Site, wantsLinkAccess } from "../../../src/resources/site.ts";
import { ApiFailure } from "./admin_client.ts";
import type { KubernetesTestbed } from "./start.ts";

/** How the sites of a stand-in fare. */
export interface SiteFortune {
  /** What the load balancer gives routers; undefined: no address yet. */
  host: string | undefined;
  /** False: no router pod is ready. */
  running: boolean;
  /** False: sites do not name a controller, as where Skupper's looks after none. */
  named: boolean;
  /** True: grants are marked as Skupper's controller does that does not serve any. */
  marksGrants: boolean;
  /** True: what was opened for links stays open, as Skupper's controller leaves it. */
  staysOpen: boolean;
  /** What sites are told of the network. */
  network: NonNullable<Site["status"]>["network"];
}

/** Does to Sites what Skupper's controller would, as docs/spec/skupper-kubernetes.md 5 has it. */
export interface SiteStandIn {
  /** May be changed at any time. */
  readonly fortune: SiteFortune;
  stop(): Promise<void>;
}

type State = Pick<Condition, "status" | "reason" | "message">;

const ready: State = { status: "True", reason: "Ready", message: "OK" };
const sites = "/apis/skupper.io/v2alpha1/sites";
const allGrants = "/apis/skupper.io/v2alpha1/accessgrants";

/** Begins to serve the Sites of all namespaces; `host` is where their routers can be reached. */
export function startSiteStandIn(testbed: KubernetesTestbed, host: string): SiteStandIn {
  const fortune: SiteFortune = {
    host,
    running: true,
    named: true,
    marksGrants: false,
    staysOpen: false,
    network: undefined,
  };
  let stopped = false;
  async function serve(): Promise<void> {
    while (!stopped) {
      // an API server that is away is asked again
      await serveOnce(testbed, fortune).catch((error) => {
        if (error instanceof ApiFailure && error.status < 500) throw error;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const serving = serve();
  return {
    fortune,
    stop() {
      stopped = true;
      return serving;
    },
  };
}

async function serveOnce(testbed: KubernetesTestbed, fortune: SiteFortune): Promise<void> {
  const list: { items: Site[] } = await testbed.admin.call("GET", sites);
  for (const site of list.items) await unlessChanged(settle(testbed, site, fortune));
  if (!fortune.marksGrants) return;
  const grants: { items: AccessGrant[] } = await testbed.admin.call("GET", allGrants);
  for (const grant of grants.items) await unlessChanged(mark(testbed, grant));
}

/** Of what was changed or deleted meanwhile the next round sees what became. */
async function unlessChanged(work: Promise<void>): Promise<void> {
  await work.catch((error) => {
    if (!(error instanceof ApiFailure && [404, 409].includes(error.status))) throw error;
  });
}

async function mark(testbed: KubernetesTestbed, grant: AccessGrant): Promise<void> {
  if (grant.status?.message === grantsDisabled) return;
  const { name, namespace } = grant.metadata;
  const path = `/apis/skupper.io/v2alpha1/namespaces/${namespace}/accessgrants/${name}/status`;
  const status = { ...grant.status, message: grantsDisabled };
  await testbed.admin.call("PUT", path, { ...grant, status });
}

async function settle(testbed: KubernetesTestbed, site: Site, fortune: SiteFortune): Promise<void> {
  const { name, namespace } = site.metadata;
  const status = deriveStatus(site, fortune);
  if (isDeepStrictEqual(status, site.status)) return;
  await provideAuthority(testbed, site);
  const path = `/apis/skupper.io/v2alpha1/namespaces/${namespace}/sites/${name}/status`;
  await testbed.admin.call("PUT", path, { ...site, status });
}

function deriveStatus(site: Site, fortune: SiteFortune): NonNullable<Site["status"]> {
  const wasOpen = (site.status?.endpoints ?? []).length > 0;
  const open = wantsLinkAccess(site) || fortune.staysOpen && wasOpen;
  const endpoints = open ? endpointsOf(site, fortune.host) : [];
  const states: Record<string, State> = {
    Configured: ready,
    Running: fortune.running ? ready : pending("No router pod is ready"),
  };
  if (open) states["Resolved"] = endpoints.length > 0 ? ready : pending("Pending");
  const overall = Object.values(states).find(({ status }) => status !== "True") ?? ready;
  states["Ready"] = overall;
  const conditions = Object.entries(states).map(([type, state]) => {
    const before = site.status?.conditions?.find((condition) => condition.type === type);
    const same = before?.status === state.status;
    return {
      type,
      ...state,
      observedGeneration: site.metadata.generation!,
      lastTransitionTime: same ? before.lastTransitionTime : secondsNow(),
    };
  });
  return {
    status: overall.reason,
    message: overall.message,
    conditions,
    ...(endpoints.length > 0 ? { endpoints } : {}),
    defaultIssuer: "skupper-site-ca",
    ...(fortune.named
      ? { controller: { name: "skupper-controller", namespace: "skupper", version: "2.2.1" } }
      : {}),
    sitesInNetwork: fortune.network?.length ?? 1,
    ...(fortune.network ? { network: fortune.network } : {}),
  };
}

/** One group of endpoints for each router. */
function endpointsOf(site: Site, host: string | undefined): Endpoint[] {
  if (host === undefined) return [];
  const groups = site.spec?.ha ? ["skupper-router", "skupper-router-2"] : ["skupper-router"];
  return groups.flatMap((group) => [
    { name: "inter-router", host, port: "55671", group },
    { name: "edge", host, port: "45671", group },
  ]);
}

/** The Secret of the site's certificate authority: an RSA key in PKCS#1, as Skupper's are. */
async function provideAuthority(testbed: KubernetesTestbed, site: Site): Promise<void> {
  const secrets = `/api/v1/namespaces/${site.metadata.namespace}/secrets`;
  const exists = await testbed.admin.call("GET", `${secrets}/skupper-site-ca`).then(
    () => true,
    () => false,
  );
  if (exists) return;
  const folder = fs.mkdtempSync(path.join(testbed.folder, "site-ca-"));
  const [key, certificate] = [path.join(folder, "tls.key"), path.join(folder, "tls.crt")];
  openssl("genrsa", "-traditional", "-out", key, "2048");
  const subject = `/CN=${site.metadata.name} site CA`;
  openssl("req", "-x509", "-key", key, "-days", "1825", "-subj", subject, "-out", certificate);
  const encode = (file: string) => Buffer.from(fs.readFileSync(file)).toString("base64");
  await testbed.admin.call("POST", secrets, {
    metadata: { name: "skupper-site-ca" },
    type: "kubernetes.io/tls",
    data: { "tls.crt": encode(certificate), "tls.key": encode(key), "ca.crt": encode(certificate) },
  });
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}

function pending(message: string): State {
  return { status: "False", reason: "Pending", message };
}

/** Kubernetes keeps times to the second. */
function secondsNow(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}
