import { Buffer } from "node:buffer";
import { isIP, type Socket } from "node:net";

/** The client that a proxy announces, and what came behind its header. */
export interface Announced {
  /** Undefined where the proxy speaks for itself, such as to see whether the service is there. */
  address: string | undefined;
  rest: Buffer;
}

/** The longest header of version 1, and the longest of version 2 that is taken, in bytes. */
const longestLine = 107;
const longestBinary = 16 + 1024;

const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

/**
 * Waits for the first bytes of a connection; what a proxy says of its client before them is read
 * (the PROXY protocol of HAProxy, versions 1 and 2) where `isProxy`. Rejects where that is missing,
 * broken or too long, and where nothing has come within `limitMs`. The socket is paused then.
 */
export function readOpening(raw: Socket, limitMs: number, isProxy: boolean): Promise<Announced> {
  const parse = isProxy ? parseProxyHeader : (rest: Buffer) => ({ address: undefined, rest });
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const timer = setTimeout(() => settle(() => reject(new Error("nothing in time"))), limitMs);
    function settle(then: () => void): void {
      clearTimeout(timer);
      raw.pause();
      raw.off("data", onData).off("close", onClose).off("end", onClose);
      then();
    }
    const onClose = () => settle(() => reject(new Error("closed before it began")));
    const onData = (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      try {
        const announced = parse(received);
        if (announced !== undefined) settle(() => resolve(announced));
      } catch (error) {
        settle(() => reject(error));
      }
    };
    raw.on("data", onData).on("close", onClose).on("end", onClose);
  });
}

/** The header at the start of the bytes; undefined if more must come. Throws where it is none. */
export function parseProxyHeader(bytes: Buffer): Announced | undefined {
  const isBinary = bytes.subarray(0, signature.length)
    .equals(signature.subarray(0, bytes.length));
  return isBinary ? parseBinary(bytes) : parseLine(bytes);
}

function parseLine(bytes: Buffer): Announced | undefined {
  const end = bytes.subarray(0, longestLine).indexOf("\r\n", 0, "latin1");
  const head = bytes.subarray(0, 6).toString("latin1");
  if (!"PROXY ".startsWith(head)) throw new Error("no header");
  if (end === -1) {
    if (bytes.length >= longestLine) throw new Error("its header is too long");
    return undefined;
  }
  const rest = bytes.subarray(end + 2);
  const [, family, source = "", ...others] = bytes.toString("latin1", 0, end).split(" ");
  if (family === "UNKNOWN") return { address: undefined, rest };
  const version = family === "TCP4" ? 4 : family === "TCP6" ? 6 : 0;
  const [destination = "", ...ports] = others;
  const isWhole = isIP(source) === version && isIP(destination) === version &&
    !source.includes("%") &&
    ports.length === 2 && ports.every((port) => /^\d{1,5}$/.test(port) && Number(port) < 65536);
  if (!isWhole) throw new Error("its header is not valid");
  return { address: plainAddress(source), rest };
}

function parseBinary(bytes: Buffer): Announced | undefined {
  if (bytes.length < 16) return undefined;
  const command = bytes[12]!;
  const family = bytes[13]!;
  const end = 16 + bytes.readUInt16BE(14);
  if (end > longestBinary || (command !== 0x20 && command !== 0x21)) {
    throw new Error("its header is not valid");
  }
  if (bytes.length < end) return undefined;
  const rest = bytes.subarray(end);
  if (command === 0x20) return { address: undefined, rest };
  if (family === 0x11 && end >= 28) return { address: bytes.subarray(16, 20).join("."), rest };
  if (family === 0x21 && end >= 52) {
    return { address: plainAddress(ipv6Text(bytes.subarray(16, 32))), rest };
  }
  throw new Error("its header is of another kind of connection");
}

/** An address in its one plain form: IPv4 that is written as IPv6 is IPv4. */
function plainAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain) ?? [];
  if (high === undefined || low === undefined) return plain;
  return [high, low].map((pair) => parseInt(pair, 16)).flatMap((pair) => [pair >> 8, pair & 255])
    .join(".");
}

function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return groups.join(":");
}
