import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { abortable, awaitEvents } from "../runtime/abortable.ts";
import { tooLarge } from "./answer_fault.ts";
import { brokenOff } from "./connection_fault.ts";
import { decodeBody } from "./content_coding.ts";

/** What happens to the connection of an answer. */
interface Ending {
  /** The answer was read to its end. */
  finish(): void;
  giveUp(): void;
}

/** An answer whose head has come: it is read, followed or closed. */
export class OpenAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly #response: IncomingMessage;
  readonly #sending: { broken: { cause: unknown } | undefined };
  readonly #ending: Ending;

  constructor(
    response: IncomingMessage,
    sending: { broken: { cause: unknown } | undefined },
    ending: Ending,
  ) {
    this.status = response.statusCode ?? 0;
    this.statusText = response.statusMessage ?? "";
    this.headers = response.headers;
    this.#response = response;
    this.#sending = sending;
    this.#ending = ending;
    response.on("error", () => {}); // whoever reads the body learns of it too
  }

  /**
   * The whole body, without its content coding, and the end of the answer. Rejects as `exchange`.
   */
  async read(maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    try {
      const body = await collect(this.#response, maxBytes, signal);
      const decoded = await decodeBody(body, this.headers["content-encoding"], maxBytes, signal);
      this.close();
      return decoded;
    } catch (error) {
      this.#ending.giveUp();
      signal.throwIfAborted();
      throw this.#sending.broken?.cause ?? error;
    }
  }

  /** The body as it comes. Rejects with the system's error, ECONNRESET and the signal's reason. */
  async *chunks(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const chunks = this.#response[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await abortable(chunks.next(), signal);
      if (done) break;
      yield value;
    }
    if (!this.#response.complete) throw brokenOff();
  }

  /** Gives the connection up, unless the answer was read to its end. */
  close(): void {
    if (this.#response.complete) this.#ending.finish();
    else this.#ending.giveUp();
  }
}

function collect(
  response: IncomingMessage,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  return awaitEvents(signal, (resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    function take(chunk: Buffer) {
      size += chunk.length;
      if (size > maxBytes) reject(tooLarge(maxBytes));
      else chunks.push(chunk);
    }
    function end() {
      if (response.complete) resolve(Buffer.concat(chunks));
      else reject(brokenOff());
    }
    if (response.destroyed) end();
    response.on("data", take).once("end", end).once("error", reject).once("close", end);
    return () => {
      response.off("data", take).off("end", end).off("error", reject).off("close", end);
    };
  });
}
