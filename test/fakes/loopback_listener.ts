import { createServer, type Socket } from "node:net";
import { listen, portOf } from "../../src/grant_service/http/listen.ts";

/**
 * Listens on a free port of loopback; `join` gets each connection, and has `keep` hold on to it and
 * to those it makes: `stop` ends them all.
 */
export async function listenOnLoopback(
  join: (client: Socket, keep: (socket: Socket) => void) => void,
) {
  const sockets = new Set<Socket>();
  function keep(socket: Socket): void {
    sockets.add(socket.on("error", () => {}));
    socket.once("close", () => sockets.delete(socket));
  }
  const server = createServer({ allowHalfOpen: true }, (client) => join(client, keep));
  await listen(server, { port: 0, host: "127.0.0.1", option: "none" });
  return {
    port: portOf(server),
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
