import { Agent } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { withinConnectLimit } from "./connection.ts";

/** A connection is not one request's: it is bounded by time alone. */
const never = new AbortController().signal;

/** Makes connections to one server, and keeps them for the requests that follow. */
export class KeepingAgent extends Agent {
  readonly #open: (signal: AbortSignal) => Promise<Socket>;

  /** Without `keepAlive` each request has a connection of its own. */
  constructor(open: (signal: AbortSignal) => Promise<Socket>, keepAlive = true) {
    super({ keepAlive });
    this.#open = open;
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex {
    withinConnectLimit(this.#open, never).then(
      (socket) => callback?.(null, socket),
      (error) => callback?.(error, undefined as never), // none where there is an error
    );
    return undefined as never; // it comes by the callback
  }
}
