import {
  type CertificateFacts,
  certificatesIn,
  isKeyOfCertificate,
  isSignedBy,
  readCertificate,
} from "./certificate.ts";
import { readFields } from "./certificate_fields.ts";
import { objectIdentifier } from "./der.ts";
import { isSame, readInside } from "./der_reader.ts";
import { findExtension, serverPurposes } from "./extensions.ts";

/** A server's certificate that was made elsewhere, with those above it. */
export interface ServerChain {
  /** PEM; the server's first, then whatever came with it. */
  certificates: string[];
  /** PEM of the key alone. */
  privateKeyPem: string;
  /** What the server's own says. */
  facts: CertificateFacts;
}

/**
 * Reads a server's certificate, with those above it, and its key. Throws an Error that says what is
 * wrong, as words that can stand alone, if there is none, the key is not its own, it is not made
 * for a server, or names no host.
 */
export function readServerChain(certificateText: string, keyText: string): ServerChain {
  const certificates = certificatesIn(certificateText);
  const [certificate] = certificates;
  if (certificate === undefined) throw new Error("there is no PEM certificate in it");
  for (const each of certificates) readCertificate(each); // one that is broken breaks the chain
  const facts = readCertificate(certificate);
  const privateKeyPem = findPrivateKey(keyText);
  if (privateKeyPem === undefined) throw new Error("there is no PEM private key with it");
  if (!isKeyOfCertificate(certificate, privateKeyPem)) {
    const other = certificates.findIndex((each) => isKeyOfCertificate(each, privateKeyPem));
    throw new Error(
      other < 0
        ? "the private key is not the certificate's"
        : `the private key is that of its certificate ${other + 1}, which must come first`,
    );
  }
  if (facts.dnsNames.length + facts.ipAddresses.length === 0) throw new Error("it names no host");
  if (!isForServers(certificate)) throw new Error("it is not made for a server");
  return { certificates, privateKeyPem, facts };
}

/**
 * The certificate of the authority, among `authorities` (PEM), that the chain leads to; undefined
 * if it leads to none of them.
 */
export function findAuthority(
  chain: Pick<ServerChain, "certificates">,
  authorities: readonly string[],
): string | undefined {
  for (const certificate of pathUp(chain)) {
    const same = authorities.find((one) => isSameCertificate(one, certificate));
    const found = same ?? authorities.find((one) => isSignedBySafely(certificate, one));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The server's certificate and each that signed the one before it, in whatever order they came. */
export function pathUp(
  { certificates: [first, ...others] }: Pick<ServerChain, "certificates">,
): string[] {
  const path = [first!];
  for (let left = others;;) {
    const signer = left.find((one) => isSignedBySafely(path.at(-1)!, one));
    if (signer === undefined) return path;
    path.push(signer);
    left = left.filter((one) => one !== signer);
  }
}

/** True for a certificate that is signed by none but itself. */
export function isRoot(certificate: string): boolean {
  return isSignedBySafely(certificate, certificate);
}

/** The first of the hosts that the certificate names for certain: a wildcard names none. */
export function firstHost({ facts }: ServerChain): string | undefined {
  return [...facts.dnsNames, ...facts.ipAddresses].find((name) => !name.includes("*"));
}

function isSameCertificate(one: string, other: string): boolean {
  try {
    return readCertificate(one).fingerprint === readCertificate(other).fingerprint;
  } catch {
    return false;
  }
}

/** An authority that can't be read has signed nothing. */
function isSignedBySafely(certificate: string, authority: string): boolean {
  try {
    return isSignedBy(certificate, authority);
  } catch {
    return false;
  }
}

function isForServers(certificate: string): boolean {
  const purposes = findExtension(readFields(certificate).extensions, "extendedKeyUsage");
  const wanted = serverPurposes.map(objectIdentifier);
  return purposes === undefined ||
    readInside(0x30, purposes).some(({ whole }) => wanted.some((each) => isSame(whole, each)));
}

/** The key's block alone: what stands beside it in a file is not taken by every runtime. */
function findPrivateKey(text: string): string | undefined {
  const block = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^]*?-----END \1PRIVATE KEY-----/.exec(text);
  return block?.[0] && `${block[0]}\n`;
}
