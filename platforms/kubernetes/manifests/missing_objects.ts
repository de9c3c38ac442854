import { type AppError, appError, isAppError } from "../../../src/errors/app_error.ts";
import type { ApiClient } from "../api/client.ts";
import { requireNamespace } from "../namespace.ts";
import { listSkupperResources } from "../api/discovery.ts";
import { definitions } from "./definitions.ts";
import { namespaceObject } from "./deployment.ts";
import type { KubernetesObject } from "./objects.ts";

/**
 * What the controller needs and belongs to the whole cluster: its namespace and Skupper's
 * definitions.
 */
export function clusterObjects(namespace: string): KubernetesObject[] {
  return [namespaceObject(namespace), ...definitions];
}

/**
 * Those of them that the cluster has not. A namespace that may not be looked at is taken to be
 * there. Throws `cluster-unseen` where the cluster is not known or does not answer, and the
 * signal's reason.
 */
export async function missingObjects(
  cluster: ApiClient | AppError,
  namespace: string,
  signal: AbortSignal,
): Promise<KubernetesObject[]> {
  try {
    if (isAppError(cluster)) throw cluster;
    const served = await listSkupperResources(cluster, signal);
    const isThere = await hasNamespace(cluster, namespace, signal);
    return [
      ...(isThere ? [] : [namespaceObject(namespace)]),
      ...definitions.filter(({ spec }) => !served.has(spec.names.plural)),
    ];
  } catch (cause) {
    signal.throwIfAborted();
    if (!isAppError(cause)) throw cause;
    throw appError("cluster-unseen", { why: cause.message }, { cause });
  }
}

async function hasNamespace(api: ApiClient, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await requireNamespace(api, name, signal);
    return true;
  } catch (error) {
    if (isAppError(error, "namespace-not-found")) return false;
    throw error;
  }
}
