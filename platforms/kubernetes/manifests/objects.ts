import type { V1PolicyRule } from "@kubernetes/client-node";
import { controllerName } from "../deployed_names.ts";

/** An object as `kubectl apply` takes it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

/** An object of one of the API's own kinds, whose type is the API's. */
export type ObjectOf<T> = T & KubernetesObject;

/** A rule of RBAC, on resources alone. */
export type PolicyRule = V1PolicyRule & { apiGroups: string[]; resources: string[] };

/** What the controller's Pods are known by. */
export const podLabels = { "app.kubernetes.io/name": controllerName };

/**
 * Metadata of one of the controller's objects; without a namespace it belongs to the whole cluster.
 */
export function metadata(name: string, namespace?: string): KubernetesObject["metadata"] {
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: podLabels };
}
