import type { Exposure } from "./exposure.ts";
import type { Role } from "./rights_probe.ts";

/** Where a user keeps a certificate of the grant service: PEM files. */
export interface CertificateFiles {
  /** The server's certificate, and those above it. */
  certificate: string;
  /** Its key; may be the same file. */
  key: string;
  /** The authorities that tokens pin, or `system`: none. Undefined: what it leads to. */
  authorities?: string;
}

/** The same in a Secret of the type kubernetes.io/tls. */
export interface SecretCertificate {
  name: string;
  /** True: tokens pin no authority. */
  pinsNone: boolean;
}

/** Options of the controller that the command line fixes. */
export interface ControllerOptions {
  /** Host written into the grants' urls; undefined: chosen. */
  grantHost?: string;
  /** The grant service's certificate; undefined: the controller makes its own. */
  certificate?: CertificateFiles;
  /** Port to listen on; undefined: the one used before, else 9090 or the next free one. */
  grantPort?: number;
  /** Port of /healthz, /readyz and /metrics; undefined: the one used before, else any free one. */
  operationsPort?: number;
  /** Addresses and networks of the proxies that announce clients by the PROXY protocol. */
  proxyProtocolFrom?: string[];
}

/** What `controller run` is told beyond that on this machine. */
export interface LocalRunOptions extends ControllerOptions {
  /** Waits for the controller that serves the home to end, and takes over from it. */
  wait?: boolean;
}

/** What `controller run` is told beyond that for a cluster. */
export interface ClusterRunOptions extends ControllerOptions {
  /** How the grant service is reached from outside. */
  expose?: Exposure;
  /**
   * The Secret of the controller's namespace that holds the grant service's certificate; undefined:
   * files do, or it has one of its own.
   */
  certificateSecret?: SecretCertificate;
  /** The namespaces to serve; undefined: all. */
  watchNamespaces?: string[];
}

/** What `controller manifest` is told for a cluster: how the controller is to run, and where. */
export interface ClusterManifestOptions extends ClusterRunOptions {
  /** Describes the rights of such a person or pipeline, and nothing else. */
  role?: Role;
  replicas?: number;
  image?: string;
  /** Whether Skupper's resource definitions belong to it; undefined: those the cluster lacks. */
  definitions?: boolean;
}
