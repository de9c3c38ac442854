import { X509Certificate } from "node:crypto";
import { certificatesIn } from "./certificate.ts";
import type { Der } from "./der.ts";
import { type DerElement, readElement, readInside } from "./der_reader.ts";

/** What of a certificate no runtime tells, as it is encoded. */
export interface CertificateFields {
  issuer: Der;
  subject: Der;
  extensions: DerElement[];
}

/**
 * Reads the first certificate of a PEM text; throws an Error if there is none, or if it is broken
 * or has no extensions.
 */
export function readFields(pem: string): CertificateFields {
  const { raw } = new X509Certificate(certificatesIn(pem)[0] ?? "");
  const [certificate] = readInside(0x30, readElement(raw));
  const fields = readInside(0x30, certificate);
  // version [0], serial, signature, issuer, validity, subject, key, then tagged ones (RFC 5280 4.1)
  const extensions = fields.find((field) => field.tag === 0xa3);
  return {
    issuer: fields[3]!.whole,
    subject: fields[5]!.whole,
    extensions: readInside(0x30, extensions && readInside(0xa3, extensions)[0]),
  };
}
