import { type AppError, appError, isAppError } from "../../src/errors/app_error.ts";
import type {
  ControllerManifest,
  PlatformRequest,
  PlatformWithAbilities,
} from "../../src/platform/abilities.ts";
import type { ClusterManifestOptions } from "../../src/platform/controller_options.ts";
import { methodsOf, type Platform } from "../../src/platform/platform.ts";
import { networkOfSite } from "../../src/router/network_map.ts";
import { checkLabel } from "../../src/resources/names.ts";
import { ApiClient } from "./api/client.ts";
import { dependentRemover } from "./dependent_remover.ts";
import { ServerAccess } from "./access/server_access.ts";
import { loadContext, podContext } from "./access/kubeconfig.ts";
import { findLackingService } from "./lacking_address.ts";
import { requireNamespace } from "./namespace.ts";
import { ClusterStore } from "./store.ts";

/**
 * Opens the namespace of a cluster: the request's, else the context's. Nothing is asked of the
 * cluster yet. Without a kubeconfig the manifest of the controller can still be written, to be
 * applied elsewhere; all else then throws `kubeconfig-missing` or `kubeconfig-empty`. Throws what
 * else `loadContext` throws, and `invalid-value` for a name that no namespace can have.
 */
export async function open(request: PlatformRequest): Promise<PlatformWithAbilities> {
  const context = await loadContext(request).catch((error) => {
    if (isAppError(error, "kubeconfig-missing", "kubeconfig-empty")) return error;
    throw error;
  });
  const isUnknown = isAppError(context);
  const namespace = request.namespace ?? (isUnknown ? undefined : context.namespace) ?? "default";
  checkLabel(namespace, "the namespace");
  if (isUnknown) {
    return {
      ...unknownCluster(namespace, context),
      clusterManifest: manifestFor(namespace, request, context),
      controllerProbe: { status: () => Promise.reject(context) },
      clusterRunner: { run: () => Promise.reject(context) },
    };
  }
  const api = new ApiClient(
    new ServerAccess(context, request.env),
    `hawser/${request.version}`,
    request.onRequest,
  );
  const store = new ClusterStore(api, namespace);
  const platform = inNamespace(store, api, namespace);
  return {
    ...platform,
    clusterRunner: {
      async run(options, signal, log, ready) {
        const { runClusterController } = await import("./controller/controller_runner.ts");
        const { env, version } = request;
        const place = { api, namespace, inPod: context.name === podContext, env, version };
        await runClusterController(place, options, signal, log, ready);
      },
    },
    dependentRemover: dependentRemover(api, namespace),
    linkMaker: {
      async make(name, signal) {
        // certificates are much to load, and only this needs them here
        const { clusterLinkMaker } = await import("./controller/link_maker.ts");
        return await clusterLinkMaker(platform).make(name, signal);
      },
    },
    signingProbe: {
      async signing(signal) {
        const { clusterLinkMaker } = await import("./controller/link_maker.ts");
        return await clusterLinkMaker(platform).signing(signal);
      },
    },
    clusterManifest: manifestFor(namespace, request, api),
    networkView: {
      async network(signal) {
        const [site] = await platform.list("Site", signal);
        if (site !== undefined) return networkOfSite(site);
        throw appError("site-missing", { namespace, purpose: "show the network" });
      },
    },
    addressProbe: { lacking: (signal) => findLackingService(api, namespace, signal) },
    rightsProbe: {
      async missing(command, about, signal) {
        const { reviewCommand } = await import("./access_review.ts");
        return await reviewCommand(api, namespace, command, about, signal);
      },
    },
    controllerProbe: {
      async status(signal) {
        const { probeCluster } = await import("./cluster_probe.ts");
        return await probeCluster(api, platform, signal);
      },
    },
  };
}

/** Manifests for the namespace of a cluster, or of one that is not known and why. */
function manifestFor(
  namespace: string,
  { version }: PlatformRequest,
  cluster: ApiClient | AppError,
): ControllerManifest<ClusterManifestOptions> {
  return {
    async write(options, signal) {
      const { kubernetesManifest } = await import("./manifests/manifest.ts");
      return await kubernetesManifest({ namespace, version, cluster }, options, signal);
    },
  };
}

/** A namespace that nothing can be done in. */
function unknownCluster(namespace: string, error: AppError): Platform {
  const fail = () => Promise.reject(error);
  return {
    name: "kubernetes",
    namespace,
    get: fail,
    list: fail,
    apply: fail,
    remove: fail,
    watch: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
  };
}

/**
 * The store, whose namespace must be there: of one that is not, an API server says no more than
 * that nothing is in it. That is asked once.
 */
function inNamespace(store: ClusterStore, api: ApiClient, namespace: string): Platform {
  let isThere = false;
  async function lookFor(signal: AbortSignal): Promise<void> {
    if (!isThere) await requireNamespace(api, namespace, signal);
    isThere = true;
  }
  return {
    ...methodsOf(store),
    async get(kind, name, signal) {
      const found = await store.get(kind, name, signal);
      if (found === undefined) await lookFor(signal);
      return found;
    },
    async list(kind, signal) {
      const found = await store.list(kind, signal);
      if (found.length === 0) await lookFor(signal);
      return found;
    },
    async *watch(kind, signal, name) {
      for await (const found of store.watch(kind, signal, name)) {
        if (found.length === 0) await lookFor(signal);
        yield found;
      }
    },
  };
}
