import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { clientNetwork } from "../wrong_code_limit.ts";
import { ConnectionShares } from "./connection_shares.ts";
import { readOpening } from "./proxy_header.ts";

/** What is let in: it can be cut without a loss while it is idle. */
export interface Admitted {
  isIdle(): boolean;
  /** Milliseconds since it was let in. */
  readonly ageMs: number;
  destroy(): void;
}

/** Bounds on what is let in: numbers of connections, times in milliseconds. */
export interface AdmissionLimits {
  /** Connections at the same time. */
  connections: number;
  /** Beside them, connections that have said nothing yet, or find no room. They cost no TLS. */
  waiting: number;
  /** How long each has its place at least, however many come: enough for who speaks at once. */
  undisturbedMs: number;
  /** From the connection to the client's first byte. */
  silentMs: number;
}

export interface AdmissionOptions<T extends Admitted> {
  limits: AdmissionLimits;
  /** True for an address that announces its clients by the PROXY protocol. */
  isProxy(address: string): boolean;
  /** Begins with a connection of that client, on which these bytes have come. */
  letIn(raw: Socket, address: string, firstBytes: Buffer): T;
}

/** How often it is seen whether somebody's time is over, while others wait. */
const lookAgainMs = 50;

/**
 * Lets connections in once something has come on them, as far as there is room. A full service cuts
 * idle ones, of the client network that has the most of those, but none that has just come: who
 * floods it would only come again, at the cost of another handshake. The next to be let in is of
 * the network that has the least. Networks side by side count together first: thousands of
 * addresses are no thousands of clients.
 */
export class Admission<T extends Admitted> {
  readonly #options: AdmissionOptions<T>;
  /** Those that wait and have said nothing, and those that have spoken and wait for room. */
  readonly #silent = new ConnectionShares<Socket>();
  readonly #ready = new ConnectionShares<Socket>();
  /** How to let in each that is ready. */
  readonly #entries = new WeakMap<Socket, () => void>();
  readonly #inside = new ConnectionShares<T>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: AdmissionOptions<T>) {
    this.#options = options;
  }

  /** Those that are let in, in the order they came. */
  get inside(): ConnectionShares<T> {
    return this.#inside;
  }

  /** Sees to a connection that has just been accepted. */
  async receive(raw: Socket): Promise<void> {
    const { limits, isProxy, letIn } = this.#options;
    raw.on("error", () => {});
    const peer = raw.remoteAddress?.replace(/^::ffff:/, "") ?? "";
    const isFull = this.#silent.size + this.#ready.size >= limits.waiting;
    if (isFull && !cutFrom(this.#silent)) cutFrom(this.#ready);
    this.#silent.add(raw, clientNetwork(peer));
    raw.once("close", () => this.#forget(raw));
    try {
      const { address = peer, rest } = await readOpening(raw, limits.silentMs, isProxy(peer));
      const network = clientNetwork(address);
      this.#entries.set(raw, () => this.#inside.add(letIn(raw, address, rest), network));
      if (!this.#silent.has(raw)) return;
      this.#silent.delete(raw);
      this.#ready.add(raw, network);
      this.#letIn();
    } catch {
      raw.destroy();
    }
  }

  /** One that was let in has ended. */
  leave(connection: T): void {
    this.#inside.delete(connection);
    this.#letIn();
  }

  /** Lets nobody in any more, and cuts those that wait. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const raw of [...this.#silent, ...this.#ready]) raw.destroy();
  }

  #letIn(): void {
    if (this.#isClosed) return;
    while (this.#ready.size > 0) {
      if (!this.#hasRoom()) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#letIn();
        }, lookAgainMs);
        return;
      }
      const raw = this.#ready.findNext(this.#inside)!;
      this.#forget(raw);
      this.#entries.get(raw)!();
    }
  }

  #hasRoom(): boolean {
    const { connections, undisturbedMs } = this.#options.limits;
    if (this.#inside.size < connections) return true;
    return cutFrom(this.#inside, (one) => one.isIdle() && one.ageMs >= undisturbedMs);
  }

  #forget(raw: Socket): void {
    this.#silent.delete(raw);
    this.#ready.delete(raw);
  }
}

/** Cuts one connection of those that may go, for one more to have its place; false if none may. */
function cutFrom<T extends { destroy(): void }>(
  shares: ConnectionShares<T>,
  mayGo?: (connection: T) => boolean,
): boolean {
  const connection = shares.findDispensable(mayGo);
  if (connection === undefined) return false;
  // its close is told later, and must not count until then
  shares.delete(connection);
  connection.destroy();
  return true;
}
