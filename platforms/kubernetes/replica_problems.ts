import type { CoreV1Event } from "@kubernetes/client-node";
import { isAppError } from "../../src/errors/app_error.ts";
import type { ReplicaProblem } from "../../src/platform/cluster_status.ts";
import type { ApiClient } from "./api/client.ts";
import { type EventReasons, repeatProblemMs } from "./deployed_names.ts";

/** An Event as it is read: times as text, as JSON has them. */
type ReplicaEvent = Pick<CoreV1Event, "reason" | "message" | "reportingInstance"> & {
  metadata: { creationTimestamp: string };
};

/** What was told no later than that counts: of a replica that is gone nothing more is. */
const countsForMs = 1.5 * repeatProblemMs;

/**
 * The replicas of which something is wrong, as they told in these namespaces; none where the user
 * may see no Events. `now` is the cluster's time. Throws what else `ApiClient.send` throws.
 */
export async function seeReplicaProblems(
  api: ApiClient,
  { wrong, right }: EventReasons,
  namespaces: Iterable<string>,
  now: number,
  signal: AbortSignal,
): Promise<ReplicaProblem[]> {
  const searches = [...new Set(namespaces)].flatMap((namespace) =>
    [wrong, right].map((reason) => search(api, namespace, reason, signal))
  );
  const found = (await Promise.all(searches)).flat();
  const last = new Map<string, ReplicaEvent & { at: number }>();
  for (const event of found) {
    const at = Date.parse(event.metadata.creationTimestamp);
    const replica = event.reportingInstance ?? "";
    if (at < now - countsForMs || at < (last.get(replica)?.at ?? 0)) continue;
    last.set(replica, { ...event, at });
  }
  return [...last].filter(([, { reason }]) => reason === wrong)
    .map(([replica, { message = "" }]) => ({ replica, problem: message }))
    .sort((a, b) => a.replica < b.replica ? -1 : 1);
}

async function search(
  api: ApiClient,
  namespace: string,
  reason: string,
  signal: AbortSignal,
): Promise<ReplicaEvent[]> {
  const query = { fieldSelector: `reason=${reason}` };
  try {
    const list = await api.send({ verb: "list", kind: "Event", namespace, query }, signal);
    return (list as { items: ReplicaEvent[] }).items; // as the API of Events has it
  } catch (error) {
    if (isAppError(error, "forbidden")) return [];
    throw error;
  }
}
