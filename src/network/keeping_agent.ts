import { Agent } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { withinConnectLimit } from "./connection.ts";

/** What the signal is called among the options of a request that an agent is to connect for. */
const signalKey = "connectUntil";

const never = new AbortController().signal;

/** The option of a request that has an agent give up connecting for it when the signal aborts. */
export function connectUntil(signal: AbortSignal): Record<string, AbortSignal> {
  return { [signalKey]: signal };
}

/** Makes connections to one server, and keeps them for the requests that follow. */
export class KeepingAgent extends Agent {
  readonly #open: (signal: AbortSignal) => Promise<Socket>;

  /** Without `keepAlive` each request has a connection of its own. */
  constructor(open: (signal: AbortSignal) => Promise<Socket>, keepAlive = true) {
    super({ keepAlive });
    this.#open = open;
  }

  override createConnection(
    options: unknown,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex {
    const { [signalKey]: signal = never } = options as Record<string, AbortSignal | undefined>;
    withinConnectLimit(this.#open, signal).then(
      (socket) => callback?.(null, socket),
      (error) => callback?.(error, undefined as never), // none where there is an error
    );
    return undefined as never; // it comes by the callback
  }
}
