import type {
  V1Container,
  V1Deployment,
  V1Namespace,
  V1PodDisruptionBudget,
} from "@kubernetes/client-node";
import { controllerName, grantPort, operationsPort } from "../deployed_names.ts";
import { metadata, type ObjectOf, podLabels } from "./objects.ts";

/** What a Deployment of the controller is to be like. */
export interface DeploymentPlan {
  namespace: string;
  replicas: number;
  image: string;
  /** The words after the program's name. */
  command: string[];
}

/** The namespace of the controller: no Pod in it gets rights on the machine it runs on. */
export function namespaceObject(name: string): ObjectOf<V1Namespace> {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

/** The controller's replicas, under the pod security standard `restricted`. */
export function deployment(
  { namespace, replicas, image, command }: DeploymentPlan,
): ObjectOf<V1Deployment> {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(controllerName, namespace),
    spec: {
      replicas,
      selector: { matchLabels: podLabels },
      // a replica ends only once another one serves in its place
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: podLabels },
        spec: {
          serviceAccountName: controllerName,
          enableServiceLinks: false,
          // beyond the 30 seconds that the controller gives what is in flight
          terminationGracePeriodSeconds: 45,
          topologySpreadConstraints: [{
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: podLabels },
          }],
          // no user is named: the image has one, and OpenShift gives each namespace its own
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [container(image, command)],
        },
      },
    },
  };
}

/** Keeps all but one replica at work while nodes are drained. */
export function disruptionBudget(namespace: string): ObjectOf<V1PodDisruptionBudget> {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: metadata(controllerName, namespace),
    spec: { maxUnavailable: 1, selector: { matchLabels: podLabels } },
  };
}

function container(image: string, command: string[]): V1Container {
  const probe = (path: string) => ({ httpGet: { path, port: "operations" } });
  return {
    name: "controller",
    image,
    imagePullPolicy: "IfNotPresent",
    args: command,
    ports: [
      { name: "grants", containerPort: grantPort },
      { name: "operations", containerPort: operationsPort },
    ],
    startupProbe: { ...probe("/healthz"), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe("/healthz"), periodSeconds: 10, timeoutSeconds: 5 },
    readinessProbe: { ...probe("/readyz"), periodSeconds: 2, failureThreshold: 1 },
    resources: {
      requests: { cpu: "50m", memory: "128Mi" },
      limits: { memory: "512Mi" },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
}
