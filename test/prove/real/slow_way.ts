import type { Buffer } from "node:buffer";
import { connect, createServer, type Socket } from "node:net";
import { listen, portOf } from "../../../src/grant_service/http/listen.ts";

/** A way to a port of loopback that takes that long there and back, in milliseconds. */
export async function startSlowWay(port: number, roundTripMs: number) {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const service = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    for (const [from, to] of [[client, service], [service, client]] as const) {
      const later = (act: () => void) => setTimeout(act, roundTripMs / 2);
      sockets.add(from.on("error", () => {}));
      from.on("data", (bytes: Buffer) => later(() => to.writable && to.write(bytes)));
      from.on("end", () => later(() => to.end()));
      from.once("close", () => {
        sockets.delete(from);
        later(() => to.destroySoon());
      });
    }
  });
  await listen(server, { port: 0, host: "127.0.0.1", option: "none" });
  return {
    port: portOf(server),
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
