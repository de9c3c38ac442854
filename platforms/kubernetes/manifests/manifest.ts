import { type AppError, appError } from "../../../src/errors/app_error.ts";
import type { Manifest } from "../../../src/platform/abilities.ts";
import type { ClusterManifestOptions } from "../../../src/platform/controller_options.ts";
import { writeExposure } from "../../../src/platform/exposure.ts";
import { checkLabel } from "../../../src/resources/names.ts";
import { writeResources } from "../../../src/resources/yaml.ts";
import type { ApiClient } from "../api/client.ts";
import { controllerRights } from "./controller_rights.ts";
import { operationsPort } from "../deployed_names.ts";
import { deployment, disruptionBudget } from "./deployment.ts";
import { exposureObjects } from "./exposure_objects.ts";
import { clusterObjects, missingObjects } from "./missing_objects.ts";
import type { KubernetesObject } from "./objects.ts";
import { personRole } from "./person_role.ts";

/** What a manifest is written for. */
export interface ManifestPlace {
  namespace: string;
  /** The version of this program, which the image is named by. */
  version: string;
  /** The cluster it is for, or why that is not known. */
  cluster: ApiClient | AppError;
}

/** A replica can go, in an update or with its node, while another one serves. */
const usualReplicas = 2;

/**
 * What `kubectl apply` takes to make a controller run in the namespace, or the Role of a person.
 * Throws `platform-unsupported`, `usage` and `invalid-value` for options that do not fit, and what
 * `missingObjects` throws.
 */
export async function kubernetesManifest(
  place: ManifestPlace,
  options: ClusterManifestOptions,
  signal: AbortSignal,
): Promise<Manifest> {
  const objects = options.role === undefined
    ? await controllerObjects(place, options, signal)
    : [personRole(options.role, place.namespace)];
  return {
    text: writeResources(objects),
    data: { apiVersion: "v1", kind: "List", items: objects },
  };
}

async function controllerObjects(
  { namespace, version, cluster }: ManifestPlace,
  options: ClusterManifestOptions,
  signal: AbortSignal,
): Promise<KubernetesObject[]> {
  const { expose: exposure = "loadbalancer", grantHost: host, watchNamespaces } = options;
  const { proxyProtocolFrom: proxies, certificateSecret: secret } = options;
  if (options.grantPort !== undefined) {
    throw appError("platform-unsupported", {
      platform: "kubernetes",
      what: "--grant-port",
      instead: "--expose <host:port> names another port.",
    });
  }
  if (options.operationsPort !== undefined) {
    throw appError("platform-unsupported", {
      platform: "kubernetes",
      what: "--operations-port",
      instead: `Each Pod has a port of its own for that: ${operationsPort}.`,
    });
  }
  if (options.certificate !== undefined) {
    throw appError("platform-unsupported", {
      platform: "kubernetes",
      what: "--grant-certificate in a manifest",
      instead: "--grant-secret <name> has the controller read a Secret.",
    });
  }
  watchNamespaces?.forEach((name) => checkLabel(name, "--watch-namespace"));
  const exposing = exposureObjects(namespace, exposure, host);
  const command = [
    ...["controller", "run", "--platform=kubernetes", `--expose=${writeExposure(exposure)}`],
    ...(host === undefined ? [] : [`--grant-host=${host}`]),
    ...(secret === undefined ? [] : [`--grant-secret=${secret.name}`]),
    ...(secret?.pinsNone ? ["--grant-ca=system"] : []),
    ...(watchNamespaces === undefined ? [] : [`--watch-namespace=${watchNamespaces.join(",")}`]),
    ...(proxies === undefined ? [] : [`--proxy-protocol-from=${proxies.join(",")}`]),
  ];
  const plan = {
    namespace,
    replicas: options.replicas ?? usualReplicas,
    image: options.image ?? `localhost/hawser:${version}`,
    command,
  };
  const shared = options.definitions === undefined
    ? await missingObjects(cluster, namespace, signal)
    : options.definitions
    ? clusterObjects(namespace)
    : [];
  return [
    ...shared,
    ...controllerRights({ namespace, watchNamespaces, exposure, host, secret: secret?.name }),
    ...exposing,
    deployment(plan),
    disruptionBudget(namespace),
  ];
}
