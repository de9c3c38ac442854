import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { readPrivateKey } from "./key_pair.ts";
import { pemBlocks } from "./pem.ts";

/** What a certificate says. */
export interface CertificateFacts {
  /** Common name of its holder, "" if it has none. */
  subject: string;
  /** Common name of its signer, "" if it has none. */
  issuer: string;
  notBefore: Date;
  notAfter: Date;
  dnsNames: string[];
  /** IPv6 in its short form. */
  ipAddresses: string[];
  isAuthority: boolean;
  /** SHA-256 of the certificate, lower-case hex. */
  fingerprint: string;
}

/**
 * Reads the first certificate of a PEM text; throws an Error with a clear text if there is none.
 */
export function readCertificate(pem: string): CertificateFacts {
  const certificate = parse(pem);
  const names = certificate.subjectAltName?.split(", ") ?? [];
  return {
    subject: commonName(certificate.subject),
    issuer: commonName(certificate.issuer),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    dnsNames: namesOf("DNS:", names),
    ipAddresses: namesOf("IP Address:", names).map(shortAddress),
    isAuthority: certificate.ca,
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

/**
 * True if the private key is that of the text's first certificate; throws an Error if either is
 * broken.
 */
export function isKeyOfCertificate(certificatePem: string, privateKeyPem: string): boolean {
  return parse(certificatePem).checkPrivateKey(readPrivateKey(privateKeyPem));
}

/**
 * True if the key of `authorityPem` signed the certificate and the names match; each is the first
 * of its text. Says nothing of times or purposes. Throws an Error if either is broken.
 */
export function isSignedBy(certificatePem: string, authorityPem: string): boolean {
  const certificate = parse(certificatePem);
  const authority = parse(authorityPem);
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/**
 * True if the certificate is good for the host, as TLS clients judge it (RFC 6125 6.4): a
 * wildcard stands for one label, and the common name for nothing.
 */
export function namesHost({ dnsNames, ipAddresses }: CertificateFacts, host: string): boolean {
  if (isIP(host) !== 0) return ipAddresses.includes(shortAddress(host));
  const wanted = host.toLowerCase();
  const pattern = wanted.replace(/^[^.]+/, "*");
  return dnsNames.some((name) => [wanted, pattern].includes(name.toLowerCase()));
}

/** The certificates in a PEM text, one PEM each, in order. */
export function certificatesIn(pem: string): string[] {
  return pemBlocks("CERTIFICATE", pem);
}

/** Names of the authorities in a PEM text: their common names, or else fingerprints. */
export function authorityNames(caPem: string): string[] {
  return certificatesIn(caPem).map(readCertificate)
    .map(({ subject, fingerprint }) => subject || fingerprint);
}

function parse(pem: string): X509Certificate {
  const [first] = certificatesIn(pem);
  if (first === undefined) throw new Error("there is no PEM certificate in it");
  try {
    return new X509Certificate(first);
  } catch {
    // the runtimes' messages differ, and none says more than this
    throw new Error("the PEM certificate in it is broken");
  }
}

/** Names come as one `KEY=value` a line. */
function commonName(name: string): string {
  const line = name.split("\n").find((part) => part.startsWith("CN="));
  return line === undefined ? "" : line.slice("CN=".length);
}

function namesOf(prefix: string, names: string[]): string[] {
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

/** The runtimes write IPv6 differently; the URL parser brings all to the short form. */
function shortAddress(address: string): string {
  if (!address.includes(":")) return address;
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
