import { Buffer } from "node:buffer";
import { encodePem, pemBlocks } from "../../../../src/pki/pem.ts";
import { readPrivateKey } from "./key_pair.ts";

/** What a certificate says here: no signature, for nobody forges one in a simulation. */
export interface Certificate {
  subject: string;
  issuer: string;
  notBefore: number;
  notAfter: number;
  serial: string;
  isAuthority: boolean;
  dnsNames: string[];
  ipAddresses: string[];
  /** Whose it is, and who signed it: public keys, base64url. */
  key: string;
  by: string;
}

export function writeCertificate(certificate: Certificate): string {
  return encodePem("CERTIFICATE", Buffer.from(JSON.stringify(certificate)));
}

export function parseCertificate(pem: string): Certificate {
  const [first] = certificatesIn(pem);
  if (first === undefined) throw new Error("there is no PEM certificate in it");
  const base64 = first.replace(/-----[^-]+-----|\s/g, "");
  return JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
}

export function readCertificate(pem: string) {
  const found = parseCertificate(pem);
  return {
    ...found,
    notBefore: new Date(found.notBefore),
    notAfter: new Date(found.notAfter),
  };
}

export function isKeyOfCertificate(certificatePem: string, privateKeyPem: string): boolean {
  return parseCertificate(certificatePem).key === readPrivateKey(privateKeyPem);
}

export function isSignedBy(certificatePem: string, authorityPem: string): boolean {
  return parseCertificate(certificatePem).by === parseCertificate(authorityPem).key;
}

export function certificatesIn(pem: string): string[] {
  return pemBlocks("CERTIFICATE", pem);
}

export function namesHost(
  { dnsNames, ipAddresses }: Pick<Certificate, "dnsNames" | "ipAddresses">,
  host: string,
): boolean {
  return dnsNames.includes(host) || ipAddresses.includes(host);
}

export function authorityNames(pem: string): string[] {
  return certificatesIn(pem).map((certificate) => parseCertificate(certificate).subject);
}
