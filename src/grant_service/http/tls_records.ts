import type { Buffer } from "node:buffer";

/** The header of a TLS record (RFC 8446 5.1): type, version, length of what follows. */
const headerBytes = 5;

/** The type that encrypted records have on the wire. */
export const applicationData = 23;

/** Follows the records of one direction of a TLS connection, however its bytes are cut. */
export class TlsRecords {
  readonly #header = new Uint8Array(headerBytes);
  #headerLength = 0;
  /** Bytes of the record under way that are yet to come. */
  #left = 0;
  readonly #onRecord: (type: number, length: number) => void;

  /** Each record is told once it is whole, with its type and the bytes behind its header. */
  constructor(onRecord: (type: number, length: number) => void) {
    this.#onRecord = onRecord;
  }

  /** False amid a record. */
  get isBetween(): boolean {
    return this.#left === 0 && this.#headerLength === 0;
  }

  follow(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#headerLength < headerBytes) {
        this.#header[this.#headerLength++] = bytes[at++]!;
        if (this.#headerLength < headerBytes) continue;
        this.#left = this.#length;
      } else {
        const skipped = Math.min(this.#left, bytes.length - at);
        at += skipped;
        this.#left -= skipped;
      }
      if (this.#left > 0) continue;
      this.#headerLength = 0;
      this.#onRecord(this.#header[0]!, this.#length);
    }
  }

  get #length(): number {
    return this.#header[3]! * 256 + this.#header[4]!;
  }
}
