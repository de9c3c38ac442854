/** What `controller status` tells of a cluster, as far as its user may see it. */
export interface ClusterStatus {
  /** The namespace that was looked at. */
  namespace: string;
  /** How this machine's clock and the cluster's differ, where they do. */
  clock?: string;
  /** Replicas of a controller whose own clock looks wrong, where they can be seen. */
  wrongClocks?: ReplicaProblem[];
  /** Those that do not serve the certificate that the user brings as it is now. */
  wrongCertificates?: ReplicaProblem[];
  /** Those that serve the namespace, or would if they ran. */
  controllers: ClusterController[];
  /** False if this user may see the controllers of the namespace alone. */
  seesAll: boolean;
  /**
   * Where the namespace's access grants are redeemed; undefined where the user may not list them.
   */
  grants?: ServedGrants[];
  /**
   * Skupper's resources by name, as in `sites.skupper.io`, with their versions; none if missing.
   */
  resources: { name: string; versions: string[] }[];
  /** What this user may do. */
  commands: CommandRights[];
}

/** A controller in a cluster. */
export interface ClusterController {
  name: string;
  namespace: string;
  /** Whose it is: upstream's, or this program. */
  program: "skupper" | "hawser";
  version?: string;
  /** Replicas; undefined where they can't be seen. */
  ready?: number;
  wanted?: number;
  /** Whether it serves access grants; undefined where that can't be seen. */
  grants?: boolean;
  /** Undefined: all. */
  namespaces?: string[];
}

/** A replica of a controller, and what is wrong with it. */
export interface ReplicaProblem {
  replica: string;
  problem: string;
}

/** Access grants with one address. */
export interface ServedGrants {
  /** Base of their urls; undefined while nobody serves them. */
  url?: string;
  count: number;
}

/**
 * A command, and the rights that this user lacks for it, as in `create accessgrants.skupper.io`.
 */
export interface CommandRights {
  command: string;
  missing: string[];
}
