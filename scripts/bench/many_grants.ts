import { setTimeout as sleep } from "node:timers/promises";
import type { AccessGrant } from "../../src/resources/access_grant.ts";
import { isReady } from "../../src/resources/resource.ts";
import type { Secret } from "../../src/resources/secret.ts";
import { type Site, siteIssuer } from "../../src/resources/site.ts";
import type { AdminClient } from "../../test/testbed/kubernetes/admin_client.ts";
import { type BenchCluster, inBenchCluster } from "./bench_cluster.ts";
import type { Figure } from "./figure.ts";
import { residentMegabytes } from "./memory.ts";

const namespaces = 500;
const grantsEach = 10;
const atOnce = 16;

const skupper = "/apis/skupper.io/v2alpha1";

/** What a controller takes to start, and keeps in memory, where there are thousands of grants. */
export function measureManyGrants(hawser: string): Promise<Figure[]> {
  return inBenchCluster(hawser, measure);
}

async function measure(cluster: BenchCluster): Promise<Figure[]> {
  const { admin } = cluster.testbed;
  const few = await cluster.startController("--grant-host=127.0.0.1");
  const fewMegabytes = await residentMegabytes(few.pid);
  await makeNamespaces(admin);
  const grants = namespaces * grantsEach;
  while (await countReady(admin) < grants) await sleep(1000);
  await few.stop();

  const many = await cluster.startController("--grant-host=127.0.0.1");
  const manyMegabytes = await residentMegabytes(many.pid);
  await many.stop();
  const where = `${grants} grants in ${namespaces} namespaces`;
  return [
    {
      name: `kubernetes: memory, ${where}`,
      value: `${manyMegabytes.toFixed(0)} MB`,
      comparison: `${fewMegabytes.toFixed(0)} MB before they were made`,
    },
    {
      name: `kubernetes: from start to serving, ${where}`,
      value: `${many.startMs.toFixed(0)} ms`,
      comparison: `${few.startMs.toFixed(0)} ms before they were made`,
    },
  ];
}

/**
 * Namespaces with a site each, copies of "west" that share its certificate authority, and their
 * grants.
 */
async function makeNamespaces(admin: AdminClient): Promise<void> {
  const site: Site = await admin.call("GET", `${skupper}/namespaces/west/sites/west`);
  const secret: Secret = await admin.call("GET", `/api/v1/namespaces/west/secrets/${siteIssuer}`);
  const { apiVersion, kind, spec, status } = site;
  let left = namespaces;
  async function make(): Promise<void> {
    while (left > 0) {
      const name = `many-${left--}`;
      const inside = `${skupper}/namespaces/${name}`;
      await admin.call("POST", "/api/v1/namespaces", { metadata: { name } });
      const { type, data } = secret;
      const authority = { metadata: { name: siteIssuer }, type, data };
      await admin.call("POST", `/api/v1/namespaces/${name}/secrets`, authority);
      const made = await admin.call("POST", `${inside}/sites`, {
        ...{ apiVersion, kind, spec },
        metadata: { name: "west" },
      });
      await admin.call("PUT", `${inside}/sites/west/status`, { ...made, status });
      for (let i = 0; i < grantsEach; i++) {
        const metadata = { name: `grant-${i}` };
        const spec = { redemptionsAllowed: 3, expirationWindow: "24h" };
        const grant = { apiVersion, kind: "AccessGrant", metadata, spec };
        await admin.call("POST", `${inside}/accessgrants`, grant);
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, make));
}

async function countReady(admin: AdminClient): Promise<number> {
  const { items }: { items: AccessGrant[] } = await admin.call("GET", `${skupper}/accessgrants`);
  return items.filter((grant) => grant.metadata.namespace!.startsWith("many-") && isReady(grant))
    .length;
}
