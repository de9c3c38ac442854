import * as fs from "node:fs";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { once } from "node:events";

/** What a router does that links and probes see: it listens, and takes certificates of its CA. */
export interface Router {
  stop(): Promise<void>;
}

interface Listener {
  port: number;
  sslProfile: string;
}

/** Listens as runtime/router/skrouterd.json of the namespace folder says, on loopback. */
export async function startRouter(root: string): Promise<Router> {
  const config: [string, unknown][] = JSON.parse(
    fs.readFileSync(join(root, "runtime/router/skrouterd.json"), "utf8"),
  );
  const listeners = config.filter(([entity]) => entity === "listener")
    .map(([, attributes]) => attributes as Listener);
  const servers = await Promise.all(listeners.map((listener) => listen(root, listener)));
  return {
    async stop() {
      for (const { server, sockets } of servers) {
        for (const socket of sockets) socket.destroy();
        // its callback is not called under Deno once a handshake failed
        server.close();
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

interface Listening {
  server: Server;
  sockets: Set<{ destroy(): void }>;
}

async function listen(root: string, { port, sslProfile }: Listener): Promise<Listening> {
  const read = (file: string) => fs.readFileSync(join(root, "runtime/certs", sslProfile, file));
  const sockets: Listening["sockets"] = new Set();
  const server = createServer({
    ca: read("ca.crt"),
    cert: read("tls.crt"),
    key: read("tls.key"),
    requestCert: true,
    rejectUnauthorized: true,
  }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      if (String(bytes).startsWith("AMQP")) socket.write("AMQP\x03\x01\x00\x00");
    });
  });
  server.on("tlsClientError", () => {});
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return { server, sockets };
}
