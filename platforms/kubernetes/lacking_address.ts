import type { V1ServiceList } from "@kubernetes/client-node";
import { isAppError } from "../../src/errors/app_error.ts";
import type { ApiClient } from "./api/client.ts";

/** The Services of upstream's that links connect to (docs/spec/skupper-kubernetes.md 3). */
const routerService = /^skupper-router(-\d+)?$/;

/**
 * The Service that should have got an address for links by a load balancer and has none; undefined
 * where each has one, or the user may not see them. Throws what `ApiClient.send` throws.
 */
export async function findLackingService(
  api: ApiClient,
  namespace: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const list = await api.send({ verb: "list", kind: "Service", namespace }, signal);
    const { items } = list as V1ServiceList; // its API's contract
    return items.find(({ metadata, spec, status }) =>
      routerService.test(metadata?.name ?? "") && spec?.type === "LoadBalancer" &&
      (status?.loadBalancer?.ingress ?? []).length === 0
    )?.metadata?.name;
  } catch (error) {
    if (isAppError(error, "forbidden")) return undefined;
    throw error;
  }
}
