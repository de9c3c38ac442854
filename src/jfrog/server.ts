/**
 * A JFrog Platform server as the configuration file has it (docs/spec/jfrog.md 3.2), secrets in
 * clear.
 */
export interface Server {
  /** The platform's base url, with a slash at its end. */
  url?: string;
  artifactoryUrl?: string;
  distributionUrl?: string;
  xrayUrl?: string;
  xscUrl?: string;
  catalogUrl?: string;
  missionControlUrl?: string;
  pipelinesUrl?: string;
  accessUrl?: string;
  user?: string;
  password?: string;
  sshKeyPath?: string;
  sshPassphrase?: string;
  accessToken?: string;
  /** Of the platform's Access service. */
  refreshToken?: string;
  artifactoryRefreshToken?: string;
  /** Minutes. */
  tokenRefreshInterval?: number;
  clientCertPath?: string;
  clientCertKeyPath?: string;
  serverId?: string;
  isDefault?: boolean;
  webLogin?: boolean;
  disableTokenRefresh?: boolean;
}

/**
 * How secrets are wanted: in clear, or, by who needs none, as they are stored where the key for
 * them is gone. Those are to be kept or dropped, and of no use otherwise.
 */
export type Secrets = "clear" | "as they are";

/** The configured servers, as commands read and change them. */
export interface ServerStore {
  /** The configuration file, for messages. */
  readonly file: string;
  /**
   * The servers in the file's order, secrets in clear by default. Writes only where the file must
   * be migrated.
   */
  read(signal: AbortSignal, secrets?: Secrets): Promise<Server[]>;
  /**
   * Replaces the servers by what `change` makes of them, under jf's lock; nothing is written where
   * `change` throws or gives back the same array. `rehearse` writes them as they are: what would
   * keep the change from being stored is found before anything is done that can't be undone.
   */
  change(
    change: (servers: Server[], rehearse: () => Promise<void>) => Server[] | Promise<Server[]>,
    signal: AbortSignal,
    secrets?: Secrets,
  ): Promise<Server[]>;
}

/** A url as jf keeps it: with a slash at its end. */
export function withSlash(url: string): string {
  return url === "" || url.endsWith("/") ? url : `${url}/`;
}

/** The id of a server that was given none. */
export const defaultServerId = "Default-Server";
