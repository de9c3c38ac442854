import { Agent } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { bareHost } from "../../../src/runtime/proxy.ts";
import { openThrough } from "../../../src/runtime/proxy_connection.ts";
import { openTcp, secure, withinConnectLimit } from "../../../src/runtime/secure_connection.ts";
import type { TlsFiles } from "./tls_files.ts";

/** How an https server is reached and trusted. */
export interface Route {
  server: URL;
  /** Of an http, https or socks5 url. */
  proxy: URL | undefined;
  /** The name its certificate must bear; undefined: the host of its url. */
  name: string | undefined;
  /** True if any certificate will do. */
  isTrusting: boolean;
  tls: TlsFiles;
}

/** A connection is not one request's: it is bounded by time alone. */
const never = new AbortController().signal;

/** Makes connections to one server, and keeps them, for requests of `node:http`; they see to TLS. */
export class ServerAgent extends Agent {
  readonly #route: Route;

  /** Without `keepAlive` each request has a connection of its own. */
  constructor(route: Route, keepAlive = true) {
    super({ keepAlive });
    this.#route = route;
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex {
    connect(this.#route).then(
      (socket) => callback?.(null, socket),
      (error) => callback?.(error, undefined as never), // none where there is an error
    );
    return undefined as never; // it comes by the callback
  }
}

function connect(route: Route): Promise<TLSSocket> {
  const host = bareHost(route.server);
  const port = Number(route.server.port || 443);
  return withinConnectLimit(async (signal) => {
    const socket = await dial(route, host, port, signal);
    const options = { ...route.tls, rejectUnauthorized: !route.isTrusting };
    return await secure(socket, route.name ?? host, options, signal);
  }, never);
}

function dial(
  { proxy, tls }: Route,
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  return proxy === undefined
    ? openTcp(host, port, signal)
    : openThrough(proxy, host, port, signal, tls.ca);
}
