import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesTestbed } from "../../test/testbed/kubernetes/start.ts";

/**
 * The status of a grant follows its ledger, and Events their outcomes, at this distance
 * (milliseconds).
 */
const settleMs = 1500;

/** What the API server does by itself is about none of Skupper's resources and none of these. */
const ownKinds = new Set(["secrets", "events", "namespaces", "selfsubjectaccessreviews"]);

/**
 * How many requests the API server is sent on behalf of some work, and of its consequences; watches
 * are counted once they end, by the server. What others do meanwhile is counted too.
 */
export async function countRequests(
  testbed: KubernetesTestbed,
  work: () => unknown,
): Promise<number> {
  await sleep(settleMs);
  const before = await requestsSoFar(testbed);
  await work();
  await sleep(settleMs);
  return await requestsSoFar(testbed) - before;
}

async function requestsSoFar({ admin }: KubernetesTestbed): Promise<number> {
  const metrics: string = await admin.call("GET", "/metrics");
  let sum = 0;
  for (const [, labels, count] of metrics.matchAll(/^apiserver_request_total\{(.*)\} (\S+)$/gm)) {
    const { group, resource } = Object.fromEntries(
      [...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
    );
    if (group === "skupper.io" || ownKinds.has(resource!)) sum += Number(count);
  }
  return sum;
}
