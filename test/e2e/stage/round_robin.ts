import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * Hands each new connection to the next of several servers of loopback, as a Service of Kubernetes
 * does.
 */
export class RoundRobin {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** May be changed at any time. */
  readonly ports: number[] = [];
  #next = 0;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client));
  }

  /** Starts one on a free port of loopback. */
  static async start(): Promise<RoundRobin> {
    const proxy = new RoundRobin();
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  /**
   * A server that does not listen is passed over; where none does, the client's connection breaks.
   */
  #join(client: Socket, tries = this.ports.length): void {
    this.#keep(client);
    const port = this.ports[this.#next++ % this.ports.length];
    if (port === undefined || tries === 0) return void client.destroy();
    const server = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.#keep(server);
    let isOpen = false;
    server.on("connect", () => {
      isOpen = true;
      client.pipe(server);
      server.pipe(client);
    });
    server.on("close", () => {
      if (isOpen) client.destroy();
      else this.#join(client, tries - 1);
    });
    client.on("close", () => server.destroy());
  }

  #keep(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.on("error", () => {}); // its end is seen all the same
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
