import { Buffer } from "node:buffer";
import { isIP, type Socket } from "node:net";
import { awaitEvents } from "../runtime/abortable.ts";
import { brokenOff } from "./connection_fault.ts";
import { bareHost } from "./proxy.ts";
import { discard, openTcp } from "./connection.ts";

const version = 5;

/** Methods of RFC 1928 3. */
const withoutCredentials = 0;
const withPassword = 2;

/** Replies of RFC 1928 6 that a user can do something about. */
const replies: Record<number, string> = {
  2: "its rules do not allow it",
  3: "the network is unreachable",
  4: "the host is unreachable",
  5: "the connection was refused",
};

/**
 * A connection through a SOCKS5 proxy to `host:port` (RFC 1928, with name and password as RFC
 * 1929); the proxy looks the name up. Rejects with the system's error, an Error that says what the
 * proxy answered, or the signal's reason.
 */
export async function openSocks(
  proxy: URL,
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await openTcp(bareHost(proxy), Number(proxy.port || 1080), signal);
  try {
    await negotiate(socket, proxy, signal);
    await request(socket, proxy, host, port, signal);
    return socket;
  } catch (error) {
    discard(socket);
    throw error;
  }
}

async function negotiate(socket: Socket, proxy: URL, signal: AbortSignal): Promise<void> {
  const methods = proxy.username === "" ? [withoutCredentials] : [withoutCredentials, withPassword];
  const [, method] = await ask(
    socket,
    Buffer.from([version, methods.length, ...methods]),
    () => 2,
    signal,
  );
  if (method === withoutCredentials) return;
  if (method !== withPassword) throw refusal(proxy, "does not accept its credentials");
  const [name, password] = [proxy.username, proxy.password]
    .map((text) => Buffer.from(decodeURIComponent(text)));
  const login = [[1, name!.length], name!, [password!.length], password!].map(Buffer.from);
  const [, status] = await ask(socket, Buffer.concat(login), () => 2, signal);
  if (status !== 0) throw refusal(proxy, "does not accept its credentials");
}

async function request(
  socket: Socket,
  proxy: URL,
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  const address = encodeAddress(host);
  const wanted = Buffer.concat([
    Buffer.from([version, 1, 0]),
    address,
    Buffer.from([port >> 8, port & 0xff]),
  ]);
  const [, reply] = await ask(socket, wanted, answerLength, signal);
  if (reply !== 0) {
    throw refusal(proxy, `does not connect to ${host}: ${replies[reply!] ?? `reply ${reply}`}`);
  }
}

/** Type and address, RFC 1928 5. */
function encodeAddress(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from([1, ...host.split(".").map(Number)]);
  if (isIP(host) === 6) return Buffer.from([4, ...bytesOfIpv6(host)]);
  return Buffer.from([3, Buffer.byteLength(host), ...Buffer.from(host)]);
}

function bytesOfIpv6(host: string): number[] {
  const [left = [], right = []] = host.split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right]
    .map((group) => parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff]);
}

/** How long an answer to a request is, as far as what came of it tells. */
function answerLength(answer: Buffer): number {
  const lengths: Record<number, number> = { 1: 4, 3: 1 + (answer[4] ?? 0), 4: 16 };
  return answer.length < 5 ? 5 : 6 + (lengths[answer[3]!] ?? 0);
}

/** Sends, and reads until the answer has the length that `length` computes. */
function ask(
  socket: Socket,
  data: Buffer,
  length: (answer: Buffer) => number,
  signal: AbortSignal,
): Promise<Buffer> {
  return awaitEvents(signal, (resolve, reject) => {
    let answer = Buffer.alloc(0);
    const closed = () => reject(brokenOff());
    function take(chunk: Buffer) {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= length(answer)) resolve(answer);
    }
    socket.on("data", take).on("error", reject).on("close", closed);
    socket.write(data);
    return () => socket.off("data", take).off("error", reject).off("close", closed);
  });
}

function refusal(proxy: URL, what: string): Error {
  return new Error(`the proxy ${proxy.host} ${what}`);
}
