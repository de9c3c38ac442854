import { sayDuration } from "../../src/wait/duration.ts";
import { isAppError } from "../../src/errors/app_error.ts";
import type { ControllerStatus } from "../../src/platform/abilities.ts";
import type {
  ClusterStatus,
  ReplicaProblem,
  ServedGrants,
} from "../../src/platform/cluster_status.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { AccessGrant } from "../../src/resources/access_grant.ts";
import type { Kind, ResourceOf } from "../../src/resources/kinds.ts";
import type { ApiClient } from "./api/client.ts";
import { reviewCommands } from "./access_review.ts";
import { seeControllers } from "./seen_controllers.ts";
import { certificateReasons, clockReasons } from "./deployed_names.ts";
import { seeReplicaProblems } from "./replica_problems.ts";
import { listSkupperResources } from "./api/discovery.ts";

/** Clocks that differ by less are right. */
const clockToleranceMs = 5000;

/** What sites, links and tokens need. */
const needed = ["sites", "links", "accessgrants", "accesstokens"];

/**
 * Tells who reconciles in the platform's namespace, which resources of Skupper there are, and what
 * this user may do. It tells less where the user may see less. Throws what `ApiClient.send` throws.
 */
export async function probeCluster(
  api: ApiClient,
  platform: Platform,
  signal: AbortSignal,
): Promise<ControllerStatus> {
  const { namespace } = platform;
  const [{ controllers, seesAll }, grants, served, commands] = await Promise.all([
    listSeen(platform, "Site", signal).then((sites) =>
      seeControllers(api, namespace, sites ?? [], signal)
    ),
    listSeen(platform, "AccessGrant", signal),
    listSkupperResources(api, signal),
    reviewCommands(api, namespace, signal),
  ]);
  const told = [namespace, ...controllers.map((each) => each.namespace)];
  const now = api.clock.now() ?? Date.now();
  const [wrongClocks, wrongCertificates] = await Promise.all(
    [clockReasons, certificateReasons].map((reasons) =>
      seeReplicaProblems(api, reasons, told, now, signal)
    ),
  ) as [ReplicaProblem[], ReplicaProblem[]];
  const names = [...new Set([...needed, ...served.keys()])].sort();
  const cluster: ClusterStatus = {
    namespace,
    ...describeClocks(Date.now(), api.clock.now()),
    ...(wrongClocks.length === 0 ? {} : { wrongClocks }),
    ...(wrongCertificates.length === 0 ? {} : { wrongCertificates }),
    controllers,
    seesAll,
    ...(grants === undefined ? {} : { grants: groupByServer(grants) }),
    resources: names.map((name) => ({
      name: `${name}.skupper.io`,
      versions: served.get(name) ?? [],
    })),
    commands,
  };
  // of one that only a site names it can't be seen whether it runs
  return { running: controllers.some(({ ready }) => ready !== 0), home: api.url, cluster };
}

/** How the clocks differ, if they do by more than answers take. */
function describeClocks(here: number, there = here): { clock?: string } {
  const aheadMs = here - there;
  if (Math.abs(aheadMs) < clockToleranceMs) return {};
  const much = sayDuration(Math.round(Math.abs(aheadMs) / 1000) * 1000);
  return {
    clock: `this machine's is ${much} ${aheadMs > 0 ? "ahead of" : "behind"} the cluster's`,
  };
}

/** All of a kind; undefined where the user may not list them, or they are not installed. */
async function listSeen<K extends Kind>(
  platform: Platform,
  kind: K,
  signal: AbortSignal,
): Promise<ResourceOf<K>[] | undefined> {
  try {
    return await platform.list(kind, signal);
  } catch (error) {
    if (isAppError(error, "forbidden", "crd-missing")) return undefined;
    throw error;
  }
}

function groupByServer(grants: AccessGrant[]): ServedGrants[] {
  const counts = new Map<string, number>();
  for (const { status } of grants) {
    const url = URL.parse(status?.url ?? "")?.origin ?? "";
    counts.set(url, (counts.get(url) ?? 0) + 1);
  }
  return [...counts].map(([url, count]) => (url === "" ? { count } : { url, count }));
}
