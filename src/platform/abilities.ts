import type { CertificateStatus } from "./certificate_status.ts";
import type { PlatformName } from "./name.ts";
import type {
  ClusterManifestOptions,
  ClusterRunOptions,
  ControllerOptions,
  LocalRunOptions,
} from "./controller_options.ts";
import type { DependentRemover } from "./dependent_remover.ts";
import type { AddressProbe } from "./address_probe.ts";
import type { RightsProbe } from "./rights_probe.ts";
import type { ClusterStatus } from "./cluster_status.ts";
import type { Platform } from "./platform.ts";
import type { Link } from "../resources/link.ts";
import type { Secret } from "../resources/secret.ts";
import type { Site } from "../resources/site.ts";
import type { LiveLinks } from "../router/live_change.ts";
import type { NetworkView } from "../router/network_map.ts";
import type { RouterProbe } from "../router/router_probe.ts";
import type { MachineLookups } from "./machine_lookups.ts";
import { type AppError, appError } from "../errors/app_error.ts";

/**
 * What a platform can do beyond the five methods. Each ability is one optional property of the
 * platform's module object; a command asks for what it needs with `need`.
 */
export interface Abilities {
  /** The controller lives on this machine: it can be started, stopped and asked here. */
  readonly controllerHost?: ControllerHost;
  /** Whether a controller serves the data home is seen by its lock, without asking it. */
  readonly controllerLock?: { isHeld(): boolean; home: string };
  /** Shows who reconciles here, and can do no more. */
  readonly controllerProbe?: ControllerProbe;
  /** The controller of this machine can run in this very process. */
  readonly controllerRunner?: ControllerRunner<LocalRunOptions>;
  /** The controller of a cluster can run in this very process. */
  readonly clusterRunner?: ControllerRunner<ClusterRunOptions>;
  /** The controller of this machine can be set up by a text that another program takes. */
  readonly controllerManifest?: ControllerManifest<ControllerOptions>;
  /** The controller of a cluster can be set up by a text that another program takes. */
  readonly clusterManifest?: ControllerManifest<ClusterManifestOptions>;
  /** What the grant service did is on record here. */
  readonly auditReader?: AuditReader;
  /** Sites are founded here: certificate authority, ports and addresses are ours to make. */
  readonly siteFounder?: SiteFounder;
  /** What belongs to a site can be removed here, kinds included that no platform stores. */
  readonly dependentRemover?: DependentRemover;
  /** Links to a site can be made here without a grant. */
  readonly linkMaker?: LinkMaker;
  /** Addresses of the site are given by somebody who may not give any. */
  readonly addressProbe?: AddressProbe;
  /** What a user may do is known to somebody who can be asked. */
  readonly rightsProbe?: RightsProbe;
  /** What is known of the whole network can be asked from here. */
  readonly networkView?: NetworkView;
  /** The router of a site can be asked from here. */
  readonly routerProbe?: RouterProbe;
  /** The router that runs takes changes of links at once. */
  readonly liveLinks?: LiveLinks;
  /** What signs the clients of a site's tokens can be seen from here. */
  readonly signingProbe?: SigningProbe;
  /** Keys of redemptions under way outlive this process, so a retry is the same redemption. */
  readonly pendingKeys?: PendingKeys;
}

/** Reads the audit of all namespaces. */
export interface AuditReader {
  /** One record each, oldest first; none where nothing was recorded. */
  lines(): AsyncIterable<string>;
}

/** A platform as the registry gives it: the five methods and its abilities. */
export type PlatformWithAbilities = Platform & Abilities;

/** What another program takes, such as kubectl or systemd. */
export interface Manifest {
  text: string;
  /** The same as -o json and yaml print it. */
  data: unknown;
}

/** What `controller status` tells: of the one that runs here, of those of a cluster, or of none. */
export type ControllerStatus = LocalStatus | ClusterControllers;

/** How it stands with the controller of this machine. */
export type LocalStatus = RunningController | AbsentController;

/** What is known of a controller of this machine, whether it runs or has ended. */
interface LocalController {
  /** The data home the controller serves. */
  home: string;
  /** The container engine that runs it, its container and that one's image. */
  engine?: string;
  container?: string;
  image?: string;
  /** The unit of systemd that it is. */
  unit?: string;
  pid?: number;
  /** The file the log goes to, or how it is shown. */
  log?: string;
  namespaces?: string[];
  /** What is wrong, if something is. */
  problem?: string;
}

/** The controller that serves a data home, or runs in this process. */
export interface RunningController extends LocalController {
  running: true;
  /** False for one that is not ready to serve. */
  answers?: false;
  /** The platform that hosts it. */
  platform?: PlatformName;
  version?: string;
  /** RFC 3339. */
  startedAt?: string;
  /** Base of the grants' urls, `https://host:port`. */
  grantUrl?: string;
  /** Where /healthz, /readyz and /metrics answer. */
  operationsUrl?: string;
  /** What looks wrong with the clock of the machine that it runs on. */
  clock?: string | undefined;
  /** How it stands with the certificate that the user brings. */
  certificate?: CertificateStatus;
}

/** No controller serves the data home. The rest tells of one that did. */
export interface AbsentController extends LocalController {
  running: false;
  /** The port that grants issued so far name, where another program listens on it. */
  takenPort?: number;
}

/** Who serves a cluster's namespace. */
export interface ClusterControllers {
  running: boolean;
  /** The API server's url. */
  home: string;
  cluster: ClusterStatus;
}

export interface ControllerProbe {
  status(signal: AbortSignal): Promise<ControllerStatus>;
}

export interface ControllerHost extends ControllerProbe {
  /** The data home that it serves. */
  readonly home?: string;
  status(signal: AbortSignal): Promise<LocalStatus>;
  /** Starts it and waits until it answers; throws `controller-running` or `controller-failed`. */
  start(options: ControllerOptions, signal: AbortSignal): Promise<LocalStatus>;
  /**
   * Starts this executable in place of the controller that runs, and waits until it answers. The
   * old one ends only when the new one is ready to take over, and finishes what is in flight.
   * Options not given stay as they are. Throws `controller-failed`.
   */
  restart(options: ControllerOptions, signal: AbortSignal): Promise<LocalStatus>;
  /** Asks it to finish what is in flight and waits until it has ended; false if none ran. */
  stop(signal: AbortSignal): Promise<boolean>;
}

export interface ControllerRunner<O> {
  /**
   * Serves every namespace of the home until the signal aborts, then finishes what is in flight.
   * Each event is one line of JSON given to `log`; `ready` is called once it answers.
   */
  run(
    options: O,
    signal: AbortSignal,
    log: (line: string) => void,
    ready?: (status: RunningController) => void,
  ): Promise<void>;
}

export interface ControllerManifest<O> {
  write(options: O, signal: AbortSignal): Promise<Manifest>;
}

export interface SiteFounder {
  /**
   * Stores a site, after what it needs was made: the certificate authority and, with link access, a
   * RouterAccess with ports of its own. `linkHosts` are how remote sites reach this machine; empty:
   * keep those it has, else choose; undefined: a RouterAccess that takes links stays as it is.
   * Throws `conflict` as `apply` does, and makes nothing then.
   */
  found(site: Site, linkHosts: string[] | undefined, signal: AbortSignal): Promise<Site>;
  /**
   * Removes the site and what `found` made; with `everything` all Skupper resources of the
   * namespace too, also where there is no site any more. Throws `conflict` if there is another site
   * by then.
   */
  dissolve(site: Site | undefined, everything: boolean, signal: AbortSignal): Promise<void>;
}

export interface LinkMaker {
  /**
   * A Secret and the Links that use it, for another site to link to the one here: with a
   * certificate of its own each time, and named so. Throws `site-missing`, `site-issuer-missing` or
   * `no-endpoints`.
   */
  make(name: string, signal: AbortSignal): Promise<{ secret: Secret; links: Link[] }>;
}

/** What signs clients, and why it is the site's own authority where it is. */
export interface Signing {
  by: "issuing-authority" | "site-authority";
  why?: string;
}

export interface SigningProbe {
  /** What signs the clients of the site's tokens; undefined where that can't be seen. */
  signing(signal: AbortSignal): Promise<Signing | undefined>;
}

export interface PendingKeys {
  /**
   * The PKCS#8 PEM key of that redemption: the one made before, else `make()`'s, durably stored.
   */
  obtain(redemption: string, make: () => Promise<string>, signal: AbortSignal): Promise<string>;
  /** Ends the redemption: its key is in the link's Secret, or the token can't succeed any more. */
  forget(redemption: string, signal: AbortSignal): Promise<void>;
}

/** The ability, or `platform-unsupported` naming what the platform doesn't do. */
export function need<A extends keyof Abilities>(
  platform: PlatformWithAbilities,
  ability: A,
  what: string,
): NonNullable<Abilities[A]> {
  const found = platform[ability];
  if (found === undefined) {
    throw appError("platform-unsupported", { platform: platform.name, what });
  }
  return found as NonNullable<Abilities[A]>;
}

/**
 * Throws `option-of-other-platform` for the first of the options, by name, that is given on a
 * platform where it means nothing.
 */
export function refuseOptions(
  { name }: PlatformWithAbilities,
  options: Record<string, unknown>,
  of: PlatformName,
): void {
  const given = Object.entries(options).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  throw appError("option-of-other-platform", { option: given[0], of, platform: name });
}

/** What a platform is opened with. */
export interface PlatformRequest {
  /** -n, or undefined for the platform's default. */
  namespace: string | undefined;
  context: string | undefined;
  kubeconfig: string | undefined;
  env: Record<string, string | undefined>;
  /** Names the running program, for the platform that starts it again as the controller. */
  executable: string[];
  version: string;
  /** Told once of each resource that can't be read; the others are served. */
  onProblem?(problem: AppError): void;
  /** Told what is awaited whenever another machine is asked, and with undefined of its answer. */
  onRequest?(what: string | undefined): void;
}

/** Platform name → how to open it; imports of a platform happen only inside the functions. */
export type PlatformRegistry =
  & MachineLookups
  & {
    readonly [N in PlatformName]?: (request: PlatformRequest) => Promise<PlatformWithAbilities>;
  }
  & {
    /** What a namespace on this machine was made with; asked where the user names no platform. */
    readonly detect?: (
      namespace: string | undefined,
      env: Record<string, string | undefined>,
    ) => Promise<PlatformName | undefined>;
  };
