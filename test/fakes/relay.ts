import type { Buffer } from "node:buffer";
import { connect } from "node:net";
import { applicationData, TlsRecords } from "../../src/grant_service/http/tls_records.ts";
import { listenOnLoopback } from "./loopback_listener.ts";

/** What a proxy on the way does, as one that passes TLS on without reading it. */
export interface Between {
  /** What it does towards the service with a client's end: passes it on, or ends in its own way. */
  after: "pass" | "fin" | "reset";
  /** Bytes of the client that it still passes on once the answer has begun to come. */
  passes?: number;
  /** How much of the answer reaches the client: bytes behind the handshake's. */
  cutsAnswerAt?: number;
  /** A bit of the answer is wrong when it reaches the client. */
  spoilsAnswer?: boolean;
  /** What it sends to the service before the client's own bytes. */
  header?: string;
}

/**
 * A proxy in front of `port` of this machine, on a port of its own; either may differ from one
 * connection to the next.
 */
export async function startRelay(
  port: number | (() => number),
  betweens: Between | (() => Between),
) {
  return await listenOnLoopback((client, keep) => {
    const between = typeof betweens === "function" ? betweens() : betweens;
    const to = typeof port === "function" ? port() : port;
    const service = connect({ port: to, host: "127.0.0.1", allowHalfOpen: true });
    if (between.header !== undefined) service.write(between.header);
    for (const socket of [client, service]) keep(socket);
    /** Encrypted records of the client: the first ends its handshake, then comes its request. */
    let encrypted = 0;
    const records = new TlsRecords((type) => void (encrypted += type === applicationData ? 1 : 0));
    let answered = 0;
    let left = between.after === "pass" ? Infinity : between.passes ?? 0;
    function endService(): void {
      if (between.after === "reset") service.resetAndDestroy();
      else service.end();
    }
    client.on("data", (bytes: Buffer) => {
      if (answered === 0) {
        records.follow(bytes);
        return void service.write(bytes);
      }
      if (left > 0) service.write(bytes.subarray(0, Math.min(left, bytes.length)));
      left -= bytes.length;
      if (left <= 0) endService();
    });
    client.on("end", () => between.after === "pass" ? service.end() : endService());
    service.on("data", (bytes: Buffer) => {
      // what is short is a session ticket
      if (encrypted >= 2 && bytes.length > 1000) answered += bytes.length;
      if (answered > 0 && between.cutsAnswerAt !== undefined) {
        client.write(bytes.subarray(0, between.cutsAnswerAt));
        client.end();
        return endService();
      }
      if (answered > 0 && between.spoilsAnswer) bytes[500]! ^= 1;
      client.write(bytes);
    });
    service.on("end", () => client.end());
    service.on("close", () => client.end());
  });
}
