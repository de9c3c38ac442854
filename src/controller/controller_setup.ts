import type { ChainHead } from "../grant_service/audit_chain.ts";
import type { BroughtIdentity } from "../grant_service/brought_identity.ts";
import type { CertificateStatus } from "../platform/certificate_status.ts";
import type { IdentitySource } from "../grant_service/identity_source.ts";
import type { Announce } from "./announcement.ts";
import type { OperationsPlace } from "../grant_service/http/operations_server.ts";
import type { ControllerClock } from "./controller_clock.ts";
import type { HostChoice } from "./grant_addresses.ts";
import type { ControllerHome } from "./home.ts";

/** What a controller is run with. */
export interface ControllerSetup {
  home: ControllerHome;
  /** The name of this controller among several that serve the same home; undefined: it is alone. */
  replica?: string;
  /** Where the grant service has its certificate from. */
  identity: IdentitySource;
  /** The same, where the user brings it. */
  certificate?: BroughtIdentity;
  /** The ports to listen on, in order of preference. */
  ports: readonly number[];
  hosts: HostChoice;
  /** Addresses and networks of proxies that announce clients by the PROXY protocol. */
  proxies?: readonly string[];
  /** Where /healthz, /readyz and /metrics answer; any free port of loopback by default. */
  operations?: OperationsPlace;
  /**
   * How long the controller serves on when it is asked to stop, in milliseconds, until all clients
   * know.
   */
  lingerMs?: number;
  /** How long what is in flight may take then, in milliseconds; 20 seconds by default. */
  finishMs?: number;
  /** For the proxy settings of outgoing requests. */
  env: Record<string, string | undefined>;
  /** Takes one line of JSON per event. */
  log(line: string): void;
  /** Where the audit is kept, beside the log. */
  trail?: {
    /** Where the records of before end. */
    readonly head: ChainHead;
    /** Appends a record, a line without its end, and its number. */
    write(line: string, seq: number): void;
  };
  /** Called with the outcomes that belong to a resource. */
  announce?: Announce;
  /** Called when it listens, before anything is reconciled. */
  listening(address: ListeningAddress): Promise<void>;
  /** The machine's alone by default. */
  clock?: ControllerClock;
  /** Told how it stands with the user's certificate, at first and when that has changed. */
  certificateJudged?(status: CertificateStatus): Promise<void>;
  /** Told what looks wrong with the clocks, and with undefined that nothing does any more. */
  clockJudged?(problem: string | undefined): Promise<void>;
}

/** Where a controller answers. */
export interface ListeningAddress {
  grantPort: number;
  operationsPort: number;
  /** Base of the grants' urls where no namespace asks for another host. */
  grantUrl: string;
  operationsUrl: string;
}
