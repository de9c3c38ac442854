import { createServer, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { Admission, type AdmissionLimits } from "./admission.ts";
import type { AddressRanges } from "./address_ranges.ts";
import { type ConnectionLimits, HttpConnection } from "./connection.ts";
import type { HttpHandler } from "./message.ts";
import { listen, portOf } from "./listen.ts";
import { RecordTap } from "./record_tap.ts";

/** What the service shows to its clients, and what they check it with. PEM. */
export interface TlsIdentity {
  /** The server's certificate, and those above it that clients need. */
  certificatePem: string;
  privateKeyPem: string;
  /**
   * The authorities that tokens pin; it goes into the grants' status.ca. Empty: redeemers trust the
   * certificate by their systems.
   */
  caPem: string;
}

/** Bounds on what clients may take of the service (docs/spec/design.md 5.5). */
export interface ServerLimits extends ConnectionLimits, AdmissionLimits {}

const defaultLimits: ServerLimits = {
  connections: 512,
  waiting: 4096,
  undisturbedMs: 1_500,
  // who takes up room that others need goes sooner; else a service that is slow itself would cut
  // those who wait for it, as long as upstream's redeemer does
  silentMs: 10_000,
  headerBytes: 16 * 1024,
  bodyBytes: 4 * 1024,
  headerMs: 10_000,
  requestMs: 30_000,
  deliveryMs: 10_000,
  // half of what upstream's redeemer waits before it gives up, and closes TLS too
  receiptMs: 5_000,
};

/** How long a connection whose request has not arrived may hold up a stop, in milliseconds. */
const stopGraceMs = 1000;

export interface GrantServerOptions {
  /** Where to listen; all addresses by default. */
  host?: string;
  /** 0: any free one. */
  port: number;
  identity: TlsIdentity;
  handle: HttpHandler;
  limits?: Partial<ServerLimits>;
  /** Who announces clients by the PROXY protocol; from nobody else is a header taken. */
  proxies?: AddressRanges;
  /** Called with the error that a handler throws. */
  onError?(error: unknown): void;
}

export interface GrantServer {
  readonly port: number;
  /** Connections from now on see the new identity; those under way end with the old one. */
  replaceIdentity(identity: TlsIdentity): void;
  /** Takes no more connections and finishes those in flight, the delivery of answers included. */
  stop(): Promise<void>;
}

/**
 * Listens for HTTP/1.1 over TLS 1.3, one request a connection. Throws `port-in-use` and
 * `port-forbidden`.
 *
 * TLS is laid over each accepted socket here rather than by a TLS server: so the identity is a
 * value that may change between two connections, and handshakes count against the limits.
 */
export async function startGrantServer(options: GrantServerOptions): Promise<GrantServer> {
  const limits = { ...defaultLimits, ...options.limits };
  let stopped: (() => void) | undefined;
  let secureContext = createServerContext(options.identity);

  const admission: Admission<HttpConnection> = new Admission({
    limits,
    isProxy: (address) => options.proxies?.contains(address) ?? false,
    letIn(raw, address, firstBytes) {
      const tap = new RecordTap(raw, firstBytes);
      const connection: HttpConnection = new HttpConnection(secure(tap, secureContext), tap, {
        address,
        limits,
        handle: options.handle,
        onError: options.onError ?? (() => {}),
        onClosed() {
          admission.leave(connection);
          if (admission.inside.size === 0) stopped?.();
        },
      });
      return connection;
    },
  });
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => {
    void admission.receive(raw);
  });
  await listen(server, { port: options.port, host: options.host, option: "--grant-port" });

  return {
    port: portOf(server),
    replaceIdentity: (identity) => void (secureContext = createServerContext(identity)),
    async stop() {
      server.close();
      admission.close();
      if (admission.inside.size === 0) return;
      const done = new Promise<void>((resolve) => stopped = resolve);
      const grace = setTimeout(() => {
        for (const connection of admission.inside) connection.endUnlessAsked();
      }, stopGraceMs);
      await done;
      clearTimeout(grace);
    },
  };
}

/** What TLS serves an identity with. Throws the TLS library's error for one that it can't. */
export function createServerContext(identity: TlsIdentity): SecureContext {
  return createSecureContext({
    cert: identity.certificatePem,
    key: identity.privateKeyPem,
    // without any, the machine's own are searched on disk at each handshake, for the issuer
    ca: identity.certificatePem,
    minVersion: "TLSv1.3",
  });
}

function secure(tap: RecordTap, secureContext: SecureContext): TLSSocket {
  const options = {
    isServer: true,
    secureContext,
    ALPNProtocols: ["http/1.1"],
    allowHalfOpen: true,
  };
  // TLS is content with a Duplex, which the types of the runtimes do not say
  return new TLSSocket(tap as unknown as Socket, options);
}
