import { Buffer } from "node:buffer";
import { createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";

/** What a server does: to a connection as soon as it is there, or once a request came over it. */
export interface Hostility {
  what: string;
  onConnect?: (socket: Socket) => void;
  onRequest?: (socket: Socket) => void;
  /** True if it can only be done where there is TLS. */
  needsTls?: boolean;
}

/** A server that does that to every connection. */
export interface HostileServer {
  readonly port: number;
  /** Resolves once no client holds a connection any more. */
  left(): Promise<void>;
  close(): Promise<void>;
}

const ok = "HTTP/1.1 200 OK\r\n";
const json = `${ok}Content-Type: application/json\r\n`;
const switches = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";

let bomb: Buffer | undefined;

/** What servers have done, or could do, to whoever waits for an answer. */
export const hostilities: Hostility[] = [
  { what: "says nothing", onRequest: () => {} },
  { what: "closes at once", onConnect: (socket) => void socket.end() },
  { what: "resets at once", onConnect: reset },
  { what: "closes when asked", onRequest: (socket) => void socket.end() },
  { what: "resets when asked", onRequest: reset },
  { what: "never begins with TLS", needsTls: true, onConnect: () => {} },
  {
    what: "answers without TLS",
    needsTls: true,
    onConnect: (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
  },
  {
    what: "begins a TLS record and stops",
    needsTls: true,
    onConnect: (socket) => void socket.write(Buffer.from([22, 3, 3, 0, 122, 2])),
  },
  {
    what: "closes inside of a TLS record",
    needsTls: true,
    onConnect: (socket) => void socket.end(Buffer.from([22, 3, 3, 0, 122, 2])),
  },
  { what: "switches protocols", onRequest: say(switches) },
  { what: "switches protocols and closes", onRequest: sayAndEnd(switches) },
  { what: "switches protocols and resets", onRequest: sayAndReset(switches) },
  { what: "switches protocols and talks on", onRequest: sayForEver("x".repeat(100), switches) },
  {
    what: "switches protocols without a word of which",
    onRequest: sayAndEnd("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
  },
  { what: "says Continue for ever", onRequest: sayForEver("HTTP/1.1 100 Continue\r\n\r\n") },
  {
    what: "sends early hints for ever",
    onRequest: sayForEver("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
  },
  { what: "says Continue and closes", onRequest: sayAndEnd("HTTP/1.1 100 Continue\r\n\r\n") },
  { what: "stops inside of the status line", onRequest: say("HTTP/1.1 20") },
  { what: "closes inside of the status line", onRequest: sayAndEnd("HTTP/1.1 20") },
  { what: "stops inside of the headers", onRequest: say(`${json}X-Y`) },
  { what: "closes inside of the headers", onRequest: sayAndEnd(`${json}X-Y`) },
  { what: "resets inside of the headers", onRequest: sayAndReset(`${json}X-Y`) },
  { what: "sends headers for ever", onRequest: sayForEver("X-Y: z\r\n", json) },
  { what: "sends one header for ever", onRequest: sayForEver("zzzz", `${json}X-Y: `) },
  { what: "stops before the body", onRequest: say(`${json}Content-Length: 100\r\n\r\n`) },
  { what: "closes before the body", onRequest: sayAndEnd(`${json}Content-Length: 100\r\n\r\n`) },
  { what: "stops inside of the body", onRequest: say(`${json}Content-Length: 100\r\n\r\n{`) },
  {
    what: "closes inside of the body",
    onRequest: sayAndEnd(`${json}Content-Length: 100\r\n\r\n{`),
  },
  {
    what: "resets inside of the body",
    onRequest: sayAndReset(`${json}Content-Length: 100\r\n\r\n{`),
  },
  {
    what: "sends a body for ever",
    onRequest: sayForEver("x".repeat(64 * 1024), `${json}\r\n`),
  },
  {
    what: "drips a body for ever",
    onRequest: sayForEver("x", `${json}Content-Length: 1000000\r\n\r\n`),
  },
  {
    what: "sends chunks for ever",
    onRequest: sayForEver("1\r\nx\r\n", `${json}Transfer-Encoding: chunked\r\n\r\n`),
  },
  {
    what: "stops inside of a chunk",
    onRequest: say(`${json}Transfer-Encoding: chunked\r\n\r\nff\r\nx`),
  },
  {
    what: "closes between chunks",
    onRequest: sayAndEnd(`${json}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n`),
  },
  {
    what: "names a chunk of no size",
    onRequest: say(`${json}Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n`),
  },
  {
    what: "sends trailers for ever",
    onRequest: sayForEver("X-Y: z\r\n", `${json}Transfer-Encoding: chunked\r\n\r\n0\r\n`),
  },
  {
    what: "names two lengths",
    onRequest: say(`${json}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx`),
  },
  { what: "names a negative length", onRequest: say(`${json}Content-Length: -1\r\n\r\n{}`) },
  {
    what: "sends a gzip bomb",
    onRequest: (socket) => {
      bomb ??= gzipSync(Buffer.alloc(192 * 1024 * 1024), { level: 1 });
      socket.write(`${json}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
      socket.end(bomb);
    },
  },
  {
    what: "sends gzip that is none",
    onRequest: sayAndEnd(`${json}Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope`),
  },
  {
    what: "sends deflate that ends too early",
    onRequest: sayAndEnd(`${json}Content-Encoding: deflate\r\nContent-Length: 2\r\n\r\nx\x9c`),
  },
  {
    what: "sends a coding nobody asked for",
    onRequest: sayAndEnd(`${json}Content-Encoding: br\r\nContent-Length: 4\r\n\r\nnope`),
  },
  { what: "speaks HTTP/2", onRequest: say(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])) },
  { what: "speaks HTTP/0.9", onRequest: sayAndEnd("<html>hello</html>") },
  { what: "speaks SSH", onRequest: say("SSH-2.0-OpenSSH_9.2p1\r\n") },
  { what: "answers 204 and a body", onRequest: say("HTTP/1.1 204 No Content\r\n\r\nbody") },
  { what: "answers 304", onRequest: sayAndEnd("HTTP/1.1 304 Not Modified\r\n\r\n") },
  { what: "answers 407", onRequest: sayAndEnd("HTTP/1.1 407 Ask\r\nContent-Length: 0\r\n\r\n") },
  { what: "answers 999", onRequest: sayAndEnd("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n") },
  { what: "answers nothing but a line", onRequest: sayAndEnd("\r\n") },
];

/**
 * Starts one on a free port of loopback, or at the unix socket `path`; `identity` (PEM) is what it
 * shows in TLS, undefined where it speaks without. `count` is told how many connections
 * there are.
 */
export async function startHostileServer(
  { onConnect, onRequest = () => {} }: Hostility,
  identity: { cert: string; key: string } | undefined,
  path?: string,
  count: (connections: number) => void = () => {},
): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  let noticed = () => {};
  const secureContext = identity && createSecureContext({ ...identity, minVersion: "TLSv1.2" });
  const server = createServer((socket) => {
    sockets.add(socket);
    count(sockets.size);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      noticed();
    });
    if (onConnect !== undefined) {
      socket.resume();
      return onConnect(socket);
    }
    const speaking = secureContext === undefined
      ? socket
      : new TLSSocket(socket, { isServer: true, secureContext });
    speaking.on("error", () => {});
    let isAsked = false;
    speaking.on("data", () => {
      if (isAsked) return;
      isAsked = true;
      onRequest(speaking);
    });
  });
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(path, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" ? address!.port : 0,
    async left() {
      while (sockets.size > 0) await new Promise<void>((resolve) => noticed = resolve);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function reset(socket: Socket): void {
  socket.resetAndDestroy();
}

function say(text: string | Uint8Array): (socket: Socket) => void {
  return (socket) => void socket.write(text);
}

function sayAndEnd(text: string): (socket: Socket) => void {
  return (socket) => void socket.end(text);
}

function sayAndReset(text: string): (socket: Socket) => void {
  return (socket) => void socket.write(text, () => socket.destroy());
}

function sayForEver(text: string, first = ""): (socket: Socket) => void {
  return (socket) => {
    if (first !== "") socket.write(first);
    const more = () => {
      if (socket.writable && !socket.destroyed) socket.write(text, () => setTimeout(more, 0));
    };
    more();
  };
}
