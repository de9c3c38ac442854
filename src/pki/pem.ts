import { Buffer } from "node:buffer";

/** DER bytes as PEM text (RFC 7468) of that type, such as CERTIFICATE. */
export function encodePem(type: string, der: ArrayBuffer | Uint8Array): string {
  const base64 = Buffer.from(new Uint8Array(der)).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${type}-----\n${lines.join("\n")}\n-----END ${type}-----\n`;
}

/**
 * The PEM blocks of that type in a text, in order, each ending in a newline; what is around them is
 * dropped.
 */
export function pemBlocks(type: string, text: string): string[] {
  const block = new RegExp(`-----BEGIN ${type}-----[^-]+-----END ${type}-----`, "g");
  return [...text.matchAll(block)].map(([pem]) => `${pem.replaceAll("\r\n", "\n")}\n`);
}
