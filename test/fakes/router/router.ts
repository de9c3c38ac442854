import type { Buffer } from "node:buffer";
import { once } from "node:events";
import * as fs from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { applicationData, TlsRecords } from "../../../src/grant_service/http/tls_records.ts";
import { speakAmqp } from "./amqp_peer.ts";
import { Connectors } from "./connectors.ts";
import { routersByName } from "./network.ts";
import { answerManagement } from "./management.ts";
import type { Attributes, Profile, RouterConfig } from "./router_config.ts";
import { readRouterConfig } from "./router_config.ts";

/** An encrypted alert of TLS 1.3, close_notify among them. */
const alertBytes = 19;

/**
 * A router as those see it that link to it and ask it: it listens for links and for clients, takes
 * certificates of its authorities, makes links of its own, and answers AMQP management. Its answers
 * are those that skupper-router 3.5.1 gave to the same questions. It forwards no messages, and
 * routers know of each other only within one process.
 */
export class Router {
  /** Its name in the network. */
  readonly id: string;
  /** The folder that its certificates lie in. */
  readonly config: RouterConfig;
  readonly connectors: Connectors;
  /** What a router writes into its log of connections that come. */
  readonly log: string[] = [];
  /** Connections that have come, by their number. */
  readonly incoming = new Map<number, Attributes>();
  readonly profiles: Map<string, Profile>;
  /** How it answers what it is asked, if not as routers do. */
  answers: "usual" | "nothing" | "refusals" | "nonsense" = "usual";
  readonly #listening: Listening[] = [];
  #connections = 0;
  #stopped = false;

  /** Listens as runtime/router/skrouterd.json of the namespace folder says, on loopback. */
  static async start(root: string): Promise<Router> {
    const router = new Router(readRouterConfig(root));
    for (const listener of router.config.listeners) await router.#listen(listener);
    for (const connector of router.config.connectors) router.connectors.add(connector);
    return router;
  }

  private constructor(config: RouterConfig) {
    this.config = config;
    this.id = config.id;
    this.profiles = new Map(config.profiles.map((profile) => [profile.name, profile]));
    this.connectors = new Connectors(this, () => ++this.#connections);
    routersByName.set(this.id, this);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    routersByName.delete(this.id);
    this.connectors.stop();
    for (const { server, sockets } of this.#listening) {
      for (const socket of sockets) socket.destroy();
      // its callback is not called under Deno once a handshake failed
      server.close();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #listen({ port, role, sslProfile }: RouterConfig["listeners"][number]): Promise<void> {
    const read = (file: string) =>
      fs.readFileSync(join(this.config.root, "runtime/certs", sslProfile, file), "utf8");
    const sockets = new Set<Socket>();
    const keep = (socket: Socket) => {
      sockets.add(socket);
      // as a router does: it says little at a time
      socket.setNoDelay(true).on("error", () => {}).on("close", () => sockets.delete(socket));
    };
    const inner = createTlsServer({
      ca: read("ca.crt"),
      cert: read("tls.crt"),
      key: read("tls.key"),
      requestCert: true,
      rejectUnauthorized: true,
    }, (socket) => {
      keep(socket);
      this.#take(socket, role);
    });
    inner.on("tlsClientError", ({ message }) => this.#complain(message));
    inner.listen(0, "127.0.0.1");
    await once(inner, "listening");
    const { port: innerPort } = inner.address() as AddressInfo; // a TCP server's
    // in front of TLS, where it is seen how a client ends it
    const server = createServer((raw) => {
      this.log.push(`SERVER (info) Accepted connection to :${port}`);
      keep(raw);
      const through = connect(innerPort, "127.0.0.1");
      keep(through);
      let endsWithAlert = false;
      const records = new TlsRecords((type, length) => {
        endsWithAlert = type === applicationData && length === alertBytes;
      });
      raw.on("data", (bytes: Buffer) => records.follow(bytes));
      raw.once("close", () => {
        if (!endsWithAlert && !this.#stopped) this.#complain("unexpected eof while reading");
      });
      raw.pipe(through).pipe(raw);
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    this.#listening.push({ server, sockets }, { server: inner, sockets });
  }

  #take(socket: TLSSocket, role: string): void {
    const number = ++this.#connections;
    speakAmqp(socket, this.id, {
      opened: (container) => {
        this.incoming.set(number, {
          identity: String(number),
          dir: "in",
          role,
          container,
          host: `${socket.remoteAddress}:${socket.remotePort}`,
        });
      },
      closed: () => this.incoming.delete(number),
      ask: role === "normal" ? (message) => answerManagement(this, message) : undefined,
    });
  }

  #complain(why: string): void {
    this.log.push(`SERVER (error) SSL Failure: ${why}`);
  }
}

interface Listening {
  server: Server;
  sockets: Set<Socket>;
}

/** Starts the router of a namespace folder. */
export function startRouter(root: string): Promise<Router> {
  return Router.start(root);
}
