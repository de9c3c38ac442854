import type { Buffer } from "node:buffer";
import type { TLSSocket } from "node:tls";
import { steadyNow } from "../../runtime/clock.ts";
import { formatResponse, type HttpHandler, HttpProblem, type HttpResponse } from "./message.ts";
import type { RecordTap } from "./record_tap.ts";
import { IncomingBytes, readHttpRequest, type ReadRequest } from "./request_reader.ts";

/** Bounds on what one client may take: sizes in bytes, times in milliseconds. */
export interface ConnectionLimits {
  headerBytes: number;
  bodyBytes: number;
  /** From the client's first byte to the end of the header block, TLS handshake included. */
  headerMs: number;
  /** From the client's first byte to the answer. */
  requestMs: number;
  /** From the answer to the client's close. */
  deliveryMs: number;
  /** From the client's first byte to its close, as long as that is taken for a receipt. */
  receiptMs: number;
}

export interface ConnectionOptions {
  address: string;
  limits: ConnectionLimits;
  handle: HttpHandler;
  /** Called with the error that a handler throws. */
  onError(error: unknown): void;
  /** Told when the connection has ended and its answer, if any, is settled. */
  onClosed(): void;
}

/**
 * Answers the one request of a connection and closes it. The socket allows half-open: after the
 * answer our side is closed and the peer's close awaited. Only a peer that closes TLS itself after
 * everything was sent has taken the answer; an end of the connection may be anybody's. A client
 * whose time is over closes TLS as well (Go does), so a close that comes late says nothing either.
 */
export class HttpConnection {
  readonly #socket: TLSSocket;
  readonly #tap: RecordTap;
  readonly #options: ConnectionOptions;
  readonly #incoming = new IncomingBytes();
  readonly #reading: Generator<string, ReadRequest>;
  readonly #headerTimer: ReturnType<typeof setTimeout>;
  #timer: ReturnType<typeof setTimeout>;
  #state: "silent" | "reading" | "handling" | "answered" = "silent";
  #settle: ((delivered: boolean) => void) | undefined;
  #sent = false;
  #peerEnded = false;
  #hasEnded = false;
  #saidMore = false;
  #hasFailed = false;
  readonly #openedAt = steadyNow();
  #isSetAside = false;

  /** `tap` is what the TLS of `socket` is laid over. */
  constructor(socket: TLSSocket, tap: RecordTap, options: ConnectionOptions) {
    this.#socket = socket;
    this.#tap = tap;
    this.#options = options;
    this.#reading = readHttpRequest(this.#incoming, options.limits);
    this.#headerTimer = setTimeout(() => this.#giveUp(), options.limits.headerMs);
    this.#timer = setTimeout(() => this.#giveUp(), options.limits.requestMs);
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    socket.on("finish", () => {
      this.#sent = true;
      tap.startWatch();
    });
    socket.on("end", () => this.#end());
    // what went wrong does not matter: "close" follows, and tells that something did
    socket.on("error", () => {});
    // an alert that tells of a failure is as long as a close; on a socket that has ended no runtime
    // makes an "error" of it, and each tells it so
    socket.on("_tlsError" as "error", () => this.#hasFailed = true);
    socket.on("close", (hadError) => this.#close(hadError));
  }

  /**
   * True if the connection can be cut without a loss: no request has arrived, it is set aside, or
   * the delivery of its answer does not matter.
   */
  isIdle(): boolean {
    if (this.#state === "answered") return this.#settle === undefined;
    return this.#isAwaitingRequest() || this.#isSetAside;
  }

  get ageMs(): number {
    return steadyNow() - this.#openedAt;
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy();
    this.#tap.cut();
  }

  /** Ends the connection if its request has not arrived yet. */
  endUnlessAsked(): void {
    if (this.#isAwaitingRequest()) this.destroy();
  }

  #isAwaitingRequest(): boolean {
    return this.#state === "silent" || this.#state === "reading";
  }

  #read(bytes: Buffer): void {
    // read over: what stays unread makes the kernel reset the connection, and the answer is lost
    if (!this.#isAwaitingRequest()) {
      this.#saidMore ||= this.#sent;
      return;
    }
    this.#state = "reading";
    this.#incoming.append(bytes);
    try {
      let step = this.#reading.next();
      if (step.value === "wants-continue") {
        this.#socket.write("HTTP/1.1 100 Continue\r\n\r\n");
        step = this.#reading.next();
      }
      if (step.value === "needs-header") return;
      clearTimeout(this.#headerTimer);
      if (step.done) void this.#handle(step.value);
    } catch (error) {
      this.#answer(this.#failure(error));
    }
  }

  async #handle(request: ReadRequest): Promise<void> {
    this.#state = "handling";
    const { address, handle } = this.#options;
    const isConnected = () => !this.#peerEnded && !this.#socket.destroyed;
    try {
      const setAside = (isSetAside: boolean) => void (this.#isSetAside = isSetAside);
      this.#answer(await handle({ ...request, address, isConnected, setAside }));
    } catch (error) {
      this.#answer(this.#failure(error));
    }
  }

  #answer(response: HttpResponse): void {
    if (this.#state === "answered" || this.#socket.destroyed) return response.settle?.(false);
    this.#state = "answered";
    this.#settle = response.settle;
    clearTimeout(this.#headerTimer);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.destroy(), this.#options.limits.deliveryMs);
    this.#socket.end(formatResponse(response, Date.now()));
  }

  #failure(error: unknown): HttpResponse {
    if (error instanceof HttpProblem) return { status: error.status, body: `${error.message}\n` };
    this.#options.onError(error);
    return { status: 500, body: "Internal error\n" };
  }

  /** A time limit is over before the answer. */
  #giveUp(): void {
    if (this.#state === "handling") return this.#answer({ status: 503, body: "Internal error\n" });
    if (this.#state === "silent") return this.destroy();
    this.#answer({ status: 408, body: "Request timed out\n" });
  }

  #end(): void {
    this.#peerEnded = true;
    // a socket that was given up may end too
    this.#hasEnded = this.#sent && !this.#socket.destroyed;
    this.endUnlessAsked();
  }

  /** True if the client closed TLS in order, after all was sent and before its time was over. */
  #hasReceipt(): boolean {
    const isInTime = this.ageMs < this.#options.limits.receiptMs;
    return this.#hasEnded && isInTime && !this.#hasFailed && !this.#saidMore &&
      this.#tap.endsWithAlert;
  }

  #close(hadError: boolean): void {
    const delivered = !hadError && this.#hasReceipt();
    this.#tap.destroy();
    clearTimeout(this.#headerTimer);
    clearTimeout(this.#timer);
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(delivered);
    this.#options.onClosed();
  }
}
