import type { Buffer } from "node:buffer";
import { createServer, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { AddressRanges } from "./address_ranges.ts";
import { type ConnectionLimits, HttpConnection } from "./connection.ts";
import type { HttpHandler } from "./message.ts";
import { listen, portOf } from "./listen.ts";
import { readProxyHeader } from "./proxy_header.ts";
import { RecordTap } from "./record_tap.ts";
import { clientNetwork } from "../wrong_code_limit.ts";

/** What the service shows to its clients, and what they check it with. PEM. */
export interface TlsIdentity {
  certificatePem: string;
  privateKeyPem: string;
  /** The authority that signed the certificate; it goes into the grants' status.ca. */
  caPem: string;
}

/** Bounds on what clients may take of the service (docs/spec/design.md 5.5). */
export interface ServerLimits extends ConnectionLimits {
  /**
   * Connections at the same time. One more takes the place of the oldest idle one of the client
   * network that has the most of those.
   */
  connections: number;
  /** Of them, how many idle ones one client network may have. Clients behind a gateway share it. */
  idlePerClient: number;
}

const defaultLimits: ServerLimits = {
  connections: 256,
  idlePerClient: 128,
  headerBytes: 16 * 1024,
  bodyBytes: 4 * 1024,
  headerMs: 5_000,
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
  /** Each with its client's network, in the order they came. */
  const connections = new Map<HttpConnection, string>();
  let stopped: (() => void) | undefined;
  let secureContext = readIdentity(options.identity);

  /** Connections of proxies that have not said yet whose they are, in the order they came. */
  const unannounced = new Set<Socket>();

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => {
    raw.on("error", () => {});
    const address = raw.remoteAddress?.replace(/^::ffff:/, "") ?? "";
    if (options.proxies?.contains(address)) void acceptAnnounced(raw, address);
    else accept(raw, address);
  });

  async function acceptAnnounced(raw: Socket, proxy: string): Promise<void> {
    const [oldest] = unannounced;
    if (unannounced.size >= limits.connections) oldest?.destroy();
    unannounced.add(raw);
    try {
      const { address = proxy, rest } = await readProxyHeader(raw, limits.headerMs);
      accept(raw, address, rest);
    } catch {
      raw.destroy();
    } finally {
      unannounced.delete(raw);
    }
  }

  function accept(raw: Socket, address: string, firstBytes?: Buffer): void {
    const network = clientNetwork(address);
    if (!makeRoom(connections, network, limits)) return void raw.destroy();
    const tap = new RecordTap(raw, firstBytes);
    const connection: HttpConnection = new HttpConnection(secure(tap, secureContext), tap, {
      address,
      limits,
      handle: options.handle,
      onError: options.onError ?? (() => {}),
      onClosed() {
        connections.delete(connection);
        if (connections.size === 0) stopped?.();
      },
    });
    connections.set(connection, network);
  }
  await listen(server, options.port, options.host);

  return {
    port: portOf(server),
    replaceIdentity: (identity) => void (secureContext = readIdentity(identity)),
    async stop() {
      server.close();
      for (const raw of unannounced) raw.destroy();
      if (connections.size === 0) return;
      const done = new Promise<void>((resolve) => stopped = resolve);
      const grace = setTimeout(() => {
        for (const connection of connections.keys()) connection.endUnlessAsked();
      }, stopGraceMs);
      await done;
      clearTimeout(grace);
    },
  };
}

/**
 * Makes room for one more connection of that network, by cutting an idle one if need be: the oldest
 * of the network that has the most. So who floods the service cuts what is theirs. False if none is
 * idle.
 */
function makeRoom(
  connections: Map<HttpConnection, string>,
  network: string,
  limits: ServerLimits,
): boolean {
  const idle = Map.groupBy(
    [...connections].filter(([connection]) => connection.isIdle()),
    ([, network]) => network,
  );
  const own = idle.get(network) ?? [];
  const isCrowded = own.length >= limits.idlePerClient;
  if (!isCrowded && connections.size < limits.connections) return true;
  const most = [...idle.values()].sort((a, b) => b.length - a.length)[0];
  const oldest = (isCrowded ? own : most)?.[0]?.[0];
  if (oldest === undefined) return false;
  // its close is told later, and must not count until then
  connections.delete(oldest);
  oldest.destroy();
  return true;
}

function readIdentity(identity: TlsIdentity): SecureContext {
  return createSecureContext({
    cert: identity.certificatePem,
    key: identity.privateKeyPem,
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
