import { Buffer } from "node:buffer";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:tls";
import { type Authority, createAuthority, loadAuthority } from "../../src/pki/authority.ts";
import { createKeyPair } from "../../src/pki/key_pair.ts";
import type { UsableToken } from "../../src/token/token_file.ts";
import { makeToken } from "./tokens.ts";

/** A request as it came in. */
export interface GrantServiceRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** 1 for the first request to the service. */
  number: number;
}

/** Does to the connection whatever the test is about. */
export type Behaviour = (request: GrantServiceRequest, socket: Socket) => void | Promise<void>;

/** A grant service that does what a test tells it to. */
export interface FakeGrantService {
  /** A token for it. */
  readonly token: UsableToken;
  readonly requests: GrantServiceRequest[];
  close(): Promise<void>;
}

/** How the service shows itself; by default as an honest one on loopback. */
export interface Appearance {
  hosts?: string[];
  /** When its certificate was made, in milliseconds since 1970, and its authority's. */
  certifiedAt?: number;
  authorityMadeAt?: number;
  /** How long its certificate is good, in milliseconds. */
  lifetimeMs?: number;
}

const dayMs = 86_400_000;
const backdatedMs = 300_000;

/** Starts one on a free port of loopback. */
export async function startGrantService(
  behave: Behaviour,
  appearance: Appearance = {},
): Promise<FakeGrantService> {
  const { authority, identity } = await makeIdentity(appearance);
  const requests: GrantServiceRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ ...identity, minVersion: "TLSv1.3" }, async (socket) => {
    socket.on("error", () => {}); // clients may leave as they like
    const request = { ...await readRequest(socket), number: requests.length + 1 };
    requests.push(request);
    await behave(request, socket);
  });
  server.on("connection", (socket) => sockets.add(socket));
  server.on("tlsClientError", () => {}); // a client that trusts us not is no failure here
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const host = appearance.hosts?.[0] ?? "127.0.0.1";
  return {
    token: makeToken({ url: `https://${host}:${port}/grant-uid`, ca: authority.certificatePem }),
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Answers like an HTTP/1.1 server, then closes. */
export function answer(
  status: number,
  body = "",
  headers: Record<string, string> = {},
): Behaviour {
  return (_request, socket) => respond(socket, status, body, headers);
}

/** The same on a connection at hand. */
export function respond(
  socket: Socket,
  status: number,
  body = "",
  headers: Record<string, string> = {},
): void {
  const all = {
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.write(`HTTP/1.1 ${status} status\r\n${lines}\r\n`);
  socket.end(body);
}

/** An authority, and a server certificate of it with its key (PEM). */
export async function makeIdentity(appearance: Appearance): Promise<{
  authority: Authority;
  identity: { key: string; cert: string };
}> {
  const now = Date.now();
  const authorityMadeAt = appearance.authorityMadeAt ?? now - 400 * dayMs;
  const certifiedAt = appearance.certifiedAt ?? now;
  const made = await createAuthority("fake grant service", {
    now: authorityMadeAt,
    beginsAt: authorityMadeAt - backdatedMs,
    lifetimeMs: 1000 * dayMs,
  });
  const authority = await loadAuthority(made.certificatePem, made.privateKeyPem);
  const keys = await createKeyPair();
  const { certificatePem } = await authority.signServer({
    commonName: "fake grant service",
    hosts: appearance.hosts ?? ["127.0.0.1"],
    publicKey: keys.publicKey,
    now: certifiedAt,
    beginsAt: certifiedAt - backdatedMs,
    lifetimeMs: appearance.lifetimeMs ?? dayMs,
  });
  return { authority, identity: { key: keys.privateKeyPem, cert: certificatePem } };
}

/** Reads head and body; the clients under test send a Content-Length. */
async function readRequest(socket: Socket): Promise<Omit<GrantServiceRequest, "number">> {
  let text = "";
  return await new Promise((resolve) => {
    socket.on("data", function collect(chunk) {
      text += chunk.toString("latin1");
      const [head, body] = text.split("\r\n\r\n", 2);
      if (head === undefined || body === undefined) return;
      const [first = "", ...lines] = head.split("\r\n");
      const headers = Object.fromEntries(lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }));
      if (body.length < Number(headers["content-length"] ?? 0)) return;
      socket.off("data", collect);
      const [method = "", path = ""] = first.split(" ");
      resolve({ method, path, headers, body });
    });
  });
}
