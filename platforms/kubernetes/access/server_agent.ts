import type { Socket } from "node:net";
import { openTcp } from "../../../src/network/connection.ts";
import { KeepingAgent } from "../../../src/network/keeping_agent.ts";
import { bareHost } from "../../../src/network/proxy.ts";
import { openThrough } from "../../../src/network/proxy_connection.ts";
import { secure } from "../../../src/network/tls.ts";
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

/** Makes connections to one server, and keeps them. */
export class ServerAgent extends KeepingAgent {
  /** Without `keepAlive` each request has a connection of its own. */
  constructor(route: Route, keepAlive = true) {
    super((signal) => connect(route, signal), keepAlive);
  }
}

async function connect(route: Route, signal: AbortSignal): Promise<Socket> {
  const host = bareHost(route.server);
  const port = Number(route.server.port || 443);
  const socket = await dial(route, host, port, signal);
  const options = { ...route.tls, rejectUnauthorized: !route.isTrusting };
  return await secure(socket, route.name ?? host, options, signal);
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
