import type { Buffer } from "node:buffer";

/**
 * The text of a container's log: frames of an 8-byte header (stream, three zeros, length as 32-bit
 * big-endian) and their payload, as the engine's API has them for a container without a terminal.
 */
export function joinFrames(log: Buffer): string {
  let text = "";
  for (let at = 0; at + 8 <= log.length;) {
    const start = at + 8;
    at = start + log.readUInt32BE(at + 4);
    text += log.toString("utf8", start, at);
  }
  return text;
}
