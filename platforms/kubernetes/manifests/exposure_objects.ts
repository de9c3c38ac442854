import type { V1Ingress, V1Service, V1ServiceSpec } from "@kubernetes/client-node";
import { appError } from "../../../src/errors/app_error.ts";
import type { Exposure } from "../../../src/platform/exposure.ts";
import { grantPort, grantServiceName } from "../deployed_names.ts";
import { type KubernetesObject, metadata, type ObjectOf, podLabels } from "./objects.ts";

/** The name of the Service's port. */
const portName = "https";

/**
 * What makes the grant service reachable. TLS is never ended on the way: tokens pin the
 * controller's own certificate authority. Throws `usage` where `host` is missing, or one too many.
 */
export function exposureObjects(
  namespace: string,
  exposure: Exposure,
  host: string | undefined,
): KubernetesObject[] {
  if (typeof exposure === "object") {
    if (host === undefined) return [service(namespace, {})];
    throw appError("usage", {
      message: "--grant-host and a host in --expose exclude each other",
      help: "Leave out --grant-host.",
    });
  }
  switch (exposure) {
    case "securedaccess":
      return [securedAccess(namespace)];
    case "loadbalancer":
    case "nodeport": {
      // audit and limits go by the clients' addresses, which a node on the way would replace
      const type = exposure === "nodeport" ? "NodePort" : "LoadBalancer";
      return [service(namespace, { type, externalTrafficPolicy: "Local" })];
    }
    case "route":
      return [service(namespace, {}), route(namespace, host)];
    case "ingress":
      if (host !== undefined) return [service(namespace, {}), ingress(namespace, host)];
      throw appError("usage", {
        message: "--expose ingress needs --grant-host: an Ingress passes TLS on by its host name",
        help: "Name a host that leads to the ingress controller.",
      });
  }
}

function service(namespace: string, spec: Partial<V1ServiceSpec>): ObjectOf<V1Service> {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(grantServiceName, namespace),
    spec: {
      ...spec,
      selector: podLabels,
      ports: [{ name: portName, port: grantPort, targetPort: "grants", protocol: "TCP" }],
    },
  };
}

/** Skupper's controller makes the Service, and whatever else its kind of access needs. */
function securedAccess(namespace: string): KubernetesObject {
  return {
    apiVersion: "skupper.io/v2alpha1",
    kind: "SecuredAccess",
    metadata: metadata(grantServiceName, namespace),
    spec: {
      selector: podLabels,
      ports: [{ name: portName, port: grantPort, targetPort: grantPort, protocol: "TCP" }],
    },
  };
}

function route(namespace: string, host: string | undefined): KubernetesObject {
  return {
    apiVersion: "route.openshift.io/v1",
    kind: "Route",
    metadata: metadata(grantServiceName, namespace),
    spec: {
      ...(host === undefined ? {} : { host }),
      port: { targetPort: portName },
      tls: { termination: "passthrough", insecureEdgeTerminationPolicy: "None" },
      to: { kind: "Service", name: grantServiceName },
    },
  };
}

function ingress(namespace: string, host: string): ObjectOf<V1Ingress> {
  const backend = { service: { name: grantServiceName, port: { name: portName } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      ...metadata(grantServiceName, namespace),
      annotations: {
        "haproxy.org/ssl-passthrough": "true",
        "nginx.ingress.kubernetes.io/ssl-passthrough": "true",
      },
    },
    spec: { rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }] },
  };
}
