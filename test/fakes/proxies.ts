import { Buffer } from "node:buffer";
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A proxy on loopback that takes every host for this machine. */
export interface TestProxy {
  readonly port: number;
  /** What it was asked for: `host:port`. */
  readonly asked: string[];
  close(): void;
}

/**
 * One that is asked by CONNECT; it shows `credentials` in what it was asked for where it is given
 * some.
 */
export async function startConnectProxy(): Promise<TestProxy> {
  const asked: string[] = [];
  const server: Server = createHttpServer();
  server.on("connect", (request, socket, head) => {
    const credentials = request.headers["proxy-authorization"];
    asked.push([request.url, credentials].filter(Boolean).join(" "));
    const port = Number(request.url!.split(":").at(-1));
    pass(socket as Socket, port, "HTTP/1.1 200 ok\r\n\r\n", head); // of node:net without TLS
  });
  return { asked, ...await listen(server) };
}

/** One of SOCKS5 (RFC 1928) that wants no credentials and is asked for names. */
export async function startSocksProxy(): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(Buffer.from([5, 0]));
      socket.once("data", (request: Buffer) => {
        const end = 5 + request[4]!;
        const port = request.readUInt16BE(end);
        asked.push(`${request.toString("latin1", 5, end)}:${port}`);
        pass(socket, port, Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      });
    });
  });
  return { asked, ...await listen(server) };
}

function pass(socket: Socket, port: number, answer: string | Uint8Array, head?: Uint8Array) {
  const onward = connect(port, "127.0.0.1", () => {
    socket.write(answer);
    if (head !== undefined && head.length > 0) onward.write(head);
    onward.pipe(socket);
    socket.pipe(onward);
  });
  for (const one of [socket, onward]) one.on("error", () => {});
  socket.on("close", () => onward.destroy());
}

async function listen(server: ReturnType<typeof createServer>) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => void server.close() };
}
