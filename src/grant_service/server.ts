import type { HttpHandler } from "./http_message.ts";

/** What the service shows to its clients, and what they check it with. PEM. */
export interface TlsIdentity {
  certificatePem: string;
  privateKeyPem: string;
  /** The authority that signed the certificate; it goes into the grants' status.ca. */
  caPem: string;
}

/** Bounds on what a client may take of the service. */
export interface ServerLimits {
  connections: number;
  headerBytes: number;
  bodyBytes: number;
  /** From the connection to the end of the header block, TLS handshake included. */
  headerMs: number;
  /** From the connection to the answer. */
  requestMs: number;
  /** From the answer to the client's close. */
  deliveryMs: number;
}

export interface GrantServerOptions {
  /** Where to listen; all addresses by default. */
  host?: string;
  /** 0: any free one. */
  port: number;
  identity: TlsIdentity;
  handle: HttpHandler;
  limits?: Partial<ServerLimits>;
}

export interface GrantServer {
  readonly port: number;
  /** Connections from now on see the new identity; those under way end with the old one. */
  replaceIdentity(identity: TlsIdentity): void;
  /** Takes no more connections and finishes those in flight, their delivery included. */
  stop(): Promise<void>;
}

/** Listens with TLS 1.3 and HTTP/1.1. Throws `port-in-use`. */
export function startGrantServer(_options: GrantServerOptions): Promise<GrantServer> {
  throw new Error("not built yet");
}
