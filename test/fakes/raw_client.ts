import { Buffer } from "node:buffer";
import { connect as connectPlain, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";

/** A response as a raw client reads it. */
export interface RawResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
  text: string;
}

/** Opens a TLS connection to 127.0.0.1; resolves once the handshake is done. */
export function openTls(
  port: number,
  ca: string,
  options: { allowHalfOpen?: boolean; socket?: Socket } = {},
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: "127.0.0.1",
      port,
      ca,
      servername: "localhost",
      ALPNProtocols: ["http/1.1"],
      ...options,
    });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Opens a TCP connection to 127.0.0.1, from that address, and says nothing. */
export function openTcp(port: number, localAddress = "127.0.0.1"): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectPlain({ port, host: "127.0.0.1", localAddress });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Resolves when the connection is closed, whichever way. */
export function closed(socket: Socket): Promise<void> {
  socket.on("error", () => {});
  socket.resume();
  return new Promise((resolve) =>
    socket.destroyed ? resolve() : socket.once("close", () => resolve())
  );
}

/** What comes until the server ends; the connection is closed cleanly then. */
export function readToEnd(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.on("data", (part: Buffer) => parts.push(part));
    socket.once("error", reject);
    socket.once("end", () => {
      socket.end();
      resolve(Buffer.concat(parts).toString());
    });
  });
}

/** Sends pieces one after the other, and reads the response. */
export async function exchange(
  port: number,
  ca: string,
  ...pieces: string[]
): Promise<RawResponse> {
  const socket = await openTls(port, ca);
  const response = readToEnd(socket);
  for (const piece of pieces) {
    socket.write(Buffer.from(piece, "latin1"));
    // so that each piece is a packet of its own
    if (pieces.length > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return parseResponse(await response);
}

export function parseResponse(text: string): RawResponse {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [line = "", ...fields] = head.split("\r\n");
  const headers = Object.fromEntries(fields.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  }));
  return { status: Number(line.split(" ")[1]), headers, body: rest.join("\r\n\r\n"), text };
}

/** A POST as upstream's client sends it. */
export function post(path: string, body: string, headers: Record<string, string> = {}): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Go-http-client/1.1\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n${body}`;
}
