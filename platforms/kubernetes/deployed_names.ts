/**
 * What the controller's objects in a cluster are called: the manifest makes them, the controller
 * finds its address by them, and `controller status` finds the controller.
 */

/**
 * The Deployment, its ServiceAccount, roles and PodDisruptionBudget; its Pods'
 * app.kubernetes.io/name.
 */
export const controllerName = "hawser-controller";

/** The Service, SecuredAccess, Ingress or Route that the grant service is reached through. */
export const grantServiceName = "hawser-grants";

/**
 * The Secret of the grant service's certificate authority and certificate, which all replicas
 * share. Not Skupper's `skupper-grant-server`, which its controller takes from any namespace.
 */
export const identitySecretName = "hawser-grant-service";

/** Where the grant service listens in the controller's Pods, and its Service in the cluster. */
export const grantPort = 9090;

/** Where /healthz, /readyz and /metrics answer in the controller's Pods, for the kubelet. */
export const operationsPort = 9000;

/** Reasons of the Events that tell that something of a replica is wrong, and right again. */
export interface EventReasons {
  wrong: string;
  right: string;
}

/** Those of its clock, and of the certificate that the user brings. */
export const clockReasons: EventReasons = { wrong: "ClockWrong", right: "ClockRight" };
export const certificateReasons: EventReasons = {
  wrong: "CertificateWrong",
  right: "CertificateRight",
};

/** How often what stays wrong is told of, in milliseconds. */
export const repeatProblemMs = 600_000;
