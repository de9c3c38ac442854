import type { TLSSocket } from "node:tls";
import rhea, {
  type Connection,
  type ConnectionOptions,
  type Delivery,
  type EventContext,
  type Message,
  type Sender,
} from "rhea";
import { awaitEvents, within } from "../runtime/abortable.ts";
import { brokenOff } from "./connection_fault.ts";

/**
 * All that may come over one connection, in bytes: ten thousand entities are a tenth of it, and
 * the library keeps whatever a peer announces.
 */
const maxReceivedBytes = 64 * 1024 * 1024;

/** How long a peer may take to end a connection that we end, in milliseconds. */
const closeLimitMs = 1000;

/** How many answers may be under way to us at once. */
const credit = 100;

/** An answer: its application properties and its body as they came, of any type. */
export interface AmqpAnswer {
  properties: Record<string, unknown>;
  body: unknown;
}

/**
 * A conversation of requests and answers over AMQP 1.0 (OASIS AMQP 1.0, parts 2 and 3). What is
 * awaited ends with its signal, with the connection, and with whatever the peer does that is no
 * AMQP.
 */
export class AmqpConversation {
  readonly #connection: Connection;
  readonly #socket: TLSSocket;
  readonly #sender: Sender;
  readonly #waiting = new Map<string, Waiting>();
  readonly #sent = new Map<Delivery, string>();
  #replyTo = "";
  #last = 0;
  #failure: Error | undefined;

  /**
   * Opens it over a connection of TLS, in which the client has shown who it is (SASL EXTERNAL).
   * Rejects with an Error that says why, or the signal's reason; the connection is closed then.
   */
  static async open(socket: TLSSocket, signal: AbortSignal): Promise<AmqpConversation> {
    const conversation = new AmqpConversation(socket);
    try {
      await conversation.#opened(signal);
      return conversation;
    } catch (error) {
      conversation.discard();
      throw error;
    }
  }

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.#connection = rhea.create_container().create_connection({
      reconnect: false,
      container_id: "hawser",
      connection_details: () => ({
        host: "",
        port: 0,
        connect: (_port: number, _host: string, _options: unknown, connected: () => void) => {
          queueMicrotask(connected);
          return socket;
        },
      }),
      ...{ cert: "shown", enable_sasl_external: true },
    } as unknown as ConnectionOptions);
    this.#listen();
    this.#connection.connect();
    this.#connection.open_receiver({
      source: { address: "", dynamic: true },
      credit_window: credit,
      autoaccept: true,
    });
    this.#sender = this.#connection.open_sender({ target: { address: "" } });
  }

  /**
   * The answer to a request that is sent to an address. Rejects with an Error that says why none
   * came, or the signal's reason.
   */
  request(
    to: string,
    properties: Record<string, unknown>,
    body: unknown,
    signal: AbortSignal,
  ): Promise<AmqpAnswer> {
    const id = String(++this.#last);
    return awaitEvents(signal, (resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return () => {};
      }
      this.#waiting.set(id, { resolve, reject });
      const delivery = this.#sender.send({
        to,
        reply_to: this.#replyTo,
        correlation_id: id,
        application_properties: properties,
        body,
      });
      this.#sent.set(delivery, id);
      return () => {
        this.#waiting.delete(id);
        this.#sent.delete(delivery);
      };
    });
  }

  /** False once it has ended, whoever ended it. */
  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Ends the conversation as the protocol has it, so that the peer has no cause to complain. */
  async close(): Promise<void> {
    const { signal } = new AbortController();
    if (this.#failure === undefined) {
      await within(
        closeLimitMs,
        brokenOff,
        (bounded) =>
          awaitEvents(bounded, (resolve: (value: void) => void) => {
            const done = () => resolve();
            this.#socket.once("close", done);
            this.#connection.once("connection_close", () => this.#socket.end());
            this.#connection.close();
            return () => this.#socket.off("close", done);
          }),
        signal,
      ).catch(() => {}); // it is given up then
    }
    this.discard();
  }

  /** Gives it up at once. */
  discard(): void {
    this.#fail(brokenOff());
    // the library keeps its timers until it hears of an error
    this.#socket.destroy(brokenOff());
  }

  #opened(signal: AbortSignal): Promise<void> {
    return awaitEvents(signal, (resolve, reject) => {
      const opened = ({ receiver }: EventContext) => {
        const address: unknown = receiver?.source?.address;
        if (typeof address !== "string" || address === "") {
          return reject(new Error("it gives no address for answers"));
        }
        this.#replyTo = address;
        resolve();
      };
      this.#waiting.set("", { resolve: () => {}, reject });
      this.#connection.once("receiver_open", opened);
      return () => {
        this.#waiting.delete("");
        this.#connection.off("receiver_open", opened);
      };
    });
  }

  #listen(): void {
    const fail = (error: unknown) => this.#fail(asError(error));
    const failed = (context: EventContext) => fail(errorOf(context) ?? context.error);
    this.#connection.on("message", ({ message }) => this.#take(message));
    this.#connection.on("protocol_error", fail);
    this.#connection.on("error", fail);
    for (
      const event of [
        ...["connection_error", "connection_close", "disconnected", "session_error"],
        ...["session_close", "sender_error", "sender_close", "receiver_error", "receiver_close"],
      ]
    ) this.#connection.on(event, failed);
    for (const event of ["rejected", "released", "modified"]) {
      this.#connection.on(event, ({ delivery }: EventContext) => {
        const id = delivery === undefined ? undefined : this.#sent.get(delivery);
        const waiting = id === undefined ? undefined : this.#waiting.get(id);
        waiting?.reject(new Error("nobody takes a request at that address"));
      });
    }
    let received = 0;
    this.#socket.on("data", (bytes: Uint8Array) => {
      received += bytes.length;
      if (received <= maxReceivedBytes) return;
      this.#fail(new Error("it answers too much"));
      this.#socket.destroy(brokenOff());
    });
    this.#socket.on("close", () => this.#fail(brokenOff()));
  }

  #take(message: Message | undefined): void {
    const id = message?.correlation_id;
    const waiting = typeof id === "string" ? this.#waiting.get(id) : undefined;
    if (message === undefined || waiting === undefined || id === "") return; // nobody asked
    waiting.resolve({ properties: { ...message.application_properties }, body: message.body });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of [...this.#waiting.values()]) reject(this.#failure);
  }
}

interface Waiting {
  resolve(answer: AmqpAnswer): void;
  reject(reason: Error): void;
}

/** What the peer said was wrong, of whatever it ended. */
function errorOf(context: EventContext): unknown {
  const { connection, session, sender, receiver } = context;
  return sender?.error ?? receiver?.error ?? session?.error ?? connection?.error;
}

function asError(error: unknown): Error {
  if (error === undefined || error === null) return brokenOff();
  const { code, description, condition, message } = error as Record<string, unknown>;
  const text = [description, message, condition].find((part) =>
    typeof part === "string" && part !== ""
  );
  const plain = new Error(typeof text === "string" ? text : "it does not speak AMQP");
  return typeof code === "string" ? Object.assign(plain, { code }) : plain;
}
