import { connect, createServer, type Server, type Socket } from "node:net";
import { listen, portOf } from "../../../src/grant_service/http/listen.ts";

/** A proxy that can be cut: what is under way breaks off, and nothing more comes through. */
export class CuttableProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(port: number) {
    this.#server = createServer((client) => {
      if (this.#isCut) return void client.resetAndDestroy();
      const service = connect({ port, host: "127.0.0.1" });
      for (const [one, other] of [[client, service], [service, client]] as const) {
        this.#sockets.add(one);
        one.on("error", () => {}).pipe(other);
        one.once("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  /** Starts one in front of a port of loopback. */
  static async start(port: number): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(port);
    await listen(proxy.#server, { port: 0, host: "127.0.0.1", option: "none" });
    return proxy;
  }

  get port(): number {
    return portOf(this.#server);
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
