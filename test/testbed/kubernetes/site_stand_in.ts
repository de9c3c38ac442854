import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
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
}

/** Does to Sites what Skupper's controller would, as spec/skupper-kubernetes.md 5 has it. */
export interface SiteStandIn {
  /** May be changed at any time. */
  readonly fortune: SiteFortune;
  stop(): Promise<void>;
}

type State = Pick<Condition, "status" | "reason" | "message">;

const ready: State = { status: "True", reason: "Ready", message: "OK" };
const sites = "/apis/skupper.io/v2alpha1/sites";

/** Begins to serve the Sites of all namespaces; `host` is where their routers can be reached. */
export function startSiteStandIn(testbed: KubernetesTestbed, host: string): SiteStandIn {
  const fortune: SiteFortune = { host, running: true };
  let stopped = false;
  async function serve(): Promise<void> {
    while (!stopped) {
      const list: { items: Site[] } = await testbed.admin.call("GET", sites);
      for (const site of list.items) {
        await settle(testbed, site, fortune).catch((error) => {
          // the site was changed or deleted meanwhile: the next round sees what became of it
          if (!(error instanceof ApiFailure && [404, 409].includes(error.status))) throw error;
        });
      }
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

async function settle(testbed: KubernetesTestbed, site: Site, fortune: SiteFortune): Promise<void> {
  const { name, namespace } = site.metadata;
  const status = deriveStatus(site, fortune);
  if (isDeepStrictEqual(status, site.status)) return;
  await provideAuthority(testbed, site);
  const path = `/apis/skupper.io/v2alpha1/namespaces/${namespace}/sites/${name}/status`;
  await testbed.admin.call("PUT", path, { ...site, status });
}

function deriveStatus(site: Site, fortune: SiteFortune): NonNullable<Site["status"]> {
  const open = wantsLinkAccess(site);
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
    controller: { name: "skupper-controller", namespace: "skupper", version: "2.2.1" },
    sitesInNetwork: 1,
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
