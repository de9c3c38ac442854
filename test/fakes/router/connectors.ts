import * as fs from "node:fs";
import { connect as connectTcp } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import rhea from "rhea";
import type { Router } from "./router.ts";
import { type Attributes, type ConnectorConfig, fileOf } from "./router_config.ts";

/** How soon a link that failed is tried again, in milliseconds. */
const retryMs = 50;

interface Running {
  config: ConnectorConfig;
  status: "CONNECTING" | "SUCCESS";
  message: string;
  /** The connection's number, the name of the router that it leads to, and since when. */
  connected: { number: number; peer: string; sinceMs: number } | undefined;
  socket: TLSSocket | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** The links that a router makes: connections to other routers, tried until they are removed. */
export class Connectors {
  readonly #router: Router;
  readonly #nextNumber: () => number;
  readonly #running = new Map<string, Running>();

  constructor(router: Router, nextNumber: () => number) {
    this.#router = router;
    this.#nextNumber = nextNumber;
  }

  add(config: ConnectorConfig): void {
    if (this.#running.has(config.name)) throw new Error("duplicates unique attribute 'name'");
    const connector: Running = {
      config,
      status: "CONNECTING",
      message: "",
      connected: undefined,
      socket: undefined,
      timer: undefined,
    };
    const certificates = this.#certificates(config.sslProfile);
    this.#running.set(config.name, connector);
    this.#try(connector, certificates);
  }

  remove(name: string): boolean {
    const connector = this.#running.get(name);
    if (connector === undefined) return false;
    this.#running.delete(name);
    clearTimeout(connector.timer);
    connector.socket?.end(); // as the protocol has it
    return true;
  }

  stop(): void {
    for (const name of [...this.#running.keys()]) this.remove(name);
  }

  /** The links that are up: where they lead, and what they cost. */
  working(): { peer: string; cost: number; role: string }[] {
    return [...this.#running.values()].flatMap(({ config: { cost, role }, connected }) =>
      connected === undefined ? [] : [{ peer: connected.peer, cost, role }]
    );
  }

  entities(): Attributes[] {
    return [...this.#running.values()].map(({ config, status, message }) => ({
      ...config,
      identity: `connector/${config.host}:${config.port}:${config.name}`,
      connectionStatus: status,
      connectionMsg: message,
    }));
  }

  /** Those of each link that is up, as a router makes them. */
  connections(): Attributes[] {
    return [...this.#running.values()].flatMap(({ config, connected }) => {
      if (connected === undefined) return [];
      const { number, peer, sinceMs } = connected;
      return connectionRoles(config.role).map((role, index) => ({
        identity: String(number * 10 + index),
        name: `connection/${config.host}:${config.port}`,
        host: `${config.host}:${config.port}`,
        dir: "out",
        role,
        container: peer,
        uptimeSeconds: Math.floor((Date.now() - sinceMs) / 1000),
        groupCorrelationId: `group-${config.name}`,
      }));
    });
  }

  #certificates(name: string) {
    const profile = this.#router.profiles.get(name);
    if (profile === undefined) throw new Error(`Not found: sslProfile '${name}' not found`);
    const read = (path: string) => {
      const file = fileOf(this.#router.config.root, path);
      if (fs.existsSync(file)) return fs.readFileSync(file, "utf8");
      throw new Error(`Configuration: Failed to configure TLS '${path}' from sslProfile '${name}'`);
    };
    return {
      ca: read(profile.caCertFile),
      cert: read(profile.certFile),
      key: read(profile.privateKeyFile),
    };
  }

  #try(connector: Running, certificates: { ca: string; cert: string; key: string }): void {
    const { host, port } = connector.config;
    const raw = connectTcp({ host, port: Number(port), noDelay: true });
    const failed = (why: string) => {
      if (!this.#running.has(connector.config.name) || connector.timer !== undefined) return;
      raw.destroy();
      connector.socket?.destroy();
      connector.status = "CONNECTING";
      connector.connected = undefined;
      connector.message = `Connection to ${host}:${port} failed: ${why}`;
      connector.timer = setTimeout(() => {
        connector.timer = undefined;
        this.#try(connector, certificates);
      }, retryMs);
    };
    raw.on("error", (error) => failed(systemWords(error, host, port)));
    raw.once("connect", () => {
      const socket = connect({ ...certificates, socket: raw, host, servername: host });
      connector.socket = socket;
      socket.on("error", (error) => failed(tlsWords(error)));
      socket.on("close", () => failed(tlsFailure("unexpected eof while reading")));
      socket.once("secureConnect", () => this.#open(connector, socket));
    });
  }

  #open(connector: Running, socket: TLSSocket): void {
    const { host, port } = connector.config;
    const connection = rhea.create_container({ id: this.#router.id }).create_connection(
      {
        container_id: this.#router.id,
        reconnect: false,
        connection_details: () => ({
          host,
          port: Number(port),
          connect: (_port: number, _host: string, _options: unknown, connected: () => void) => {
            queueMicrotask(connected);
            return socket;
          },
        }),
        ...{ cert: "shown", enable_sasl_external: true },
      } as unknown as Parameters<typeof rhea.create_connection>[0],
    );
    for (
      const event of [
        "disconnected",
        "connection_close",
        "connection_error",
        "protocol_error",
        "error",
      ]
    ) {
      connection.on(event, () => socket.destroy());
    }
    connection.on("connection_open", () => {
      const number = this.#nextNumber();
      const peer = connection.container_id;
      connector.connected = { number, peer, sinceMs: Date.now() };
      connector.status = "SUCCESS";
      connector.message = `[C${number * 10}] Connection Opened: dir=out host=${host}:${port} ` +
        `encrypted=TLSv1.3 auth=EXTERNAL user=(null) container_id=${peer}`;
    });
    connection.connect();
  }
}

/** One connection for control, and between interior routers two for data. */
export function connectionRoles(role: string): string[] {
  return role === "inter-router" ? [role, `${role}-data`, `${role}-data`] : [role];
}

function systemWords(error: NodeJS.ErrnoException, host: string, port: string): string {
  return error.code === "ECONNREFUSED"
    ? `proton:io Connection refused - disconnected ${host}:${port}`
    : ["ENOTFOUND", "EAI_AGAIN"].includes(error.code ?? "")
    ? `proton:io Name or service not known - connect to  ${host}:${port}`
    : tlsFailure("unexpected eof while reading");
}

/** In OpenSSL's words, which the runtimes give in ways of their own. */
function tlsWords(error: NodeJS.ErrnoException): string {
  const text = `${error.code} ${error.message}`;
  if (/alert|ECONNRESET/i.test(text)) return tlsFailure("tlsv1 alert unknown ca");
  return tlsFailure(
    /eof|closed|removed/i.test(text) ? "unexpected eof while reading" : "certificate verify failed",
  );
}

function tlsFailure(reason: string): string {
  return `amqp:connection:framing-error SSL Failure: error:0A000126:SSL routines::${reason}`;
}
