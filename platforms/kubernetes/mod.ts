import type { PlatformRequest, PlatformWithAbilities } from "../../src/platform/abilities.ts";
import { checkLabel } from "../../src/resources/names.ts";
import { ApiClient } from "./api_client.ts";
import { ServerAccess } from "./server_access.ts";
import { loadContext } from "./kubeconfig.ts";
import { openStore } from "./store.ts";

/**
 * The namespace of a cluster: the context's where the request names none. Nothing is asked of the
 * cluster yet. Throws what `loadContext` throws, and `invalid-value` for a name that can be no namespace's.
 */
export async function open(request: PlatformRequest): Promise<PlatformWithAbilities> {
  const context = await loadContext(request);
  const namespace = request.namespace ?? context.namespace ?? "default";
  checkLabel(namespace, "the namespace");
  const api = new ApiClient(
    new ServerAccess(context, request.env),
    `hawser/${request.version}`,
  );
  return openStore(api, namespace);
}
