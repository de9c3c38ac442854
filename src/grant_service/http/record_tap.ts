import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { applicationData, TlsRecords } from "./tls_records.ts";

/** An encrypted alert: level, description, the inner type, and the cipher's tag of 16 bytes. */
const alertBytes = 19;

/** How long a peer may take for the last bytes of a connection that is given up. */
const flushMs = 2000;

/**
 * A raw socket as TLS is laid over it, with an eye on the records that come. No runtime tells a
 * client that closed TLS (`close_notify`) from a connection that somebody ended: a proxy sends its
 * FIN for a client that has died, too. The alert is seen here, by its length. Other records of that
 * length hold two bytes of data, which whoever reads the TLS socket sees.
 */
export class RecordTap extends Duplex {
  readonly #raw: Socket;
  readonly #records = new TlsRecords((type, length) => {
    this.#endsWithAlert = type === applicationData && length === alertBytes;
  });
  #endsWithAlert = false;

  constructor(raw: Socket, firstBytes?: Buffer) {
    super({ allowHalfOpen: true });
    this.#raw = raw;
    raw.on("data", (bytes: Buffer) => this.#take(bytes));
    raw.on("end", () => this.push(null));
    raw.on("close", () => this.destroy());
    if (firstBytes !== undefined && firstBytes.length > 0) this.#take(firstBytes);
  }

  /** True if the last record since `startWatch` is whole, and as long as an alert. */
  get endsWithAlert(): boolean {
    return this.#endsWithAlert && this.#records.isBetween;
  }

  /** From now on a record counts: what came before is no answer to what was sent until now. */
  startWatch(): void {
    this.#endsWithAlert = false;
  }

  override _read(): void {
    this.#raw.resume();
  }

  override _write(bytes: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void) {
    this.#raw.write(bytes, encoding, done);
  }

  override _final(done: () => void): void {
    this.#raw.end(done);
  }

  /** What TLS has written before, such as an alert, still goes out. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#raw.setTimeout(flushMs, () => this.#raw.destroy());
    this.#raw.destroySoon();
    done(error);
  }

  /** Ends the connection at once, whatever is still to be sent. */
  cut(): void {
    this.#raw.destroy();
  }

  #take(bytes: Buffer): void {
    this.#records.follow(bytes);
    if (!this.push(bytes)) this.#raw.pause();
  }
}
