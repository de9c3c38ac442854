import { lookup } from "node:dns/promises";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { abortable, awaitEvents, within } from "../runtime/abortable.ts";
import { brokenOff } from "./connection_fault.ts";

/** How long a connection may take to come about, in milliseconds. */
const connectLimitMs = 10_000;

/** How long the other side may take to end a connection that is closed, in milliseconds. */
const closeLimitMs = 5000;

/** How long a peer may take to end a connection that is waited for, in milliseconds. */
const finishLimitMs = 1000;

/** Runs `connect` with a signal that also aborts, as a system's ETIMEDOUT, after ten seconds. */
export function withinConnectLimit<T>(
  connect: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const late = () => Object.assign(new Error("timed out"), { code: "ETIMEDOUT" });
  return within(connectLimitMs, late, connect, signal);
}

/** A TCP connection. Rejects with the system's error or the signal's reason. */
export async function openTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = await open({ host, port }, signal);
  // what is said here is short, and awaited: else the system holds each further word back for 40 ms
  return socket.setNoDelay(true);
}

/** A connection to a unix socket. Rejects with the system's error or the signal's reason. */
export function openUnix(path: string, signal: AbortSignal): Promise<Socket> {
  return open({ path }, signal);
}

async function open(options: NetConnectOpts, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  return await opened(connect(options), "connect", signal);
}

/**
 * The socket once `event` has come. Rejects with its error or the signal's reason; it is closed
 * then.
 */
export async function opened<S extends Socket>(
  socket: S,
  event: string,
  signal: AbortSignal,
): Promise<S> {
  try {
    return await awaitEvents<S>(signal, (resolve, reject) => {
      const ready = () => resolve(socket);
      const closed = () => reject(brokenOff());
      socket.once("error", reject).once("close", closed).once(event, ready);
      return () => socket.off("error", reject).off("close", closed).off(event, ready);
    });
  } catch (error) {
    discard(socket);
    throw error;
  }
}

/**
 * Writes `words` and gives the first bytes that come, undefined after `silenceMs` milliseconds of
 * silence. Rejects with the connection's error, ECONNRESET if it is closed, and the signal's
 * reason.
 */
export function hearFirst(
  socket: Socket,
  words: Uint8Array,
  silenceMs: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  return awaitEvents(signal, (resolve, reject) => {
    const closed = () => reject(brokenOff());
    const timer = setTimeout(() => resolve(undefined), silenceMs);
    socket.once("data", resolve).once("error", reject).once("close", closed);
    socket.write(words);
    return () => {
      clearTimeout(timer);
      socket.off("data", resolve).off("error", reject).off("close", closed);
    };
  });
}

/**
 * The first address that a name stands for. Rejects with the system's error or the signal's reason.
 */
export async function lookUp(name: string, signal: AbortSignal): Promise<string> {
  return (await abortable(lookup(name), signal)).address;
}

/** The addresses that a name stands for. Rejects with the system's error or the signal's reason. */
export async function lookUpAll(name: string, signal: AbortSignal): Promise<string[]> {
  return (await abortable(lookup(name, { all: true }), signal)).map(({ address }) => address);
}

/** Ends a connection, and closes it after a while if the peer does not end it too. */
export function close(socket: Socket): void {
  socket.on("error", () => {}); // what else goes wrong while it closes is of no interest
  socket.end();
  setTimeout(() => socket.destroy(), closeLimitMs).unref();
}

/** Gives a connection up at once. */
export function discard(socket: Socket): void {
  socket.on("error", () => {});
  socket.destroy();
}

/**
 * Ends a connection and waits until the peer has ended it too, a second at most: what is closed
 * otherwise may be an error to the peer.
 */
export async function finish(socket: Socket): Promise<void> {
  socket.on("error", () => {}); // what else goes wrong while it closes is of no interest
  const { signal } = new AbortController();
  const closed = (bounded: AbortSignal) =>
    awaitEvents<void>(bounded, (resolve) => {
      if (socket.destroyed) return resolve(), () => {};
      const done = () => resolve();
      socket.once("close", done);
      socket.resume(); // an end is seen only once all before it was read
      socket.end();
      return () => socket.off("close", done);
    });
  await within(finishLimitMs, brokenOff, closed, signal).catch(() => {});
  socket.destroy();
}
