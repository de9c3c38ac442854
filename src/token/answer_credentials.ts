import { Buffer } from "node:buffer";
import {
  certificatesIn,
  isKeyOfCertificate,
  isSignedBy,
  readCertificate,
} from "../pki/certificate.ts";
import { type Secret, secretText } from "../resources/secret.ts";

/** A client certificate, its key and the authority of the routers it connects to; all PEM. */
export interface ReceivedCredentials {
  ca: string;
  certificate: string;
  privateKey: string;
}

/** connect.json is upstream's, says where upstream's own router is, and is dropped. */
const knownKeys = ["ca.crt", "tls.crt", "tls.key", "connect.json"];

/** How many certificates tls.crt may hold: a client's, and those between it and the authority's. */
const maxChain = 5;

/**
 * DER of the object identifiers extKeyUsage, clientAuth and anyExtendedKeyUsage (RFC 5280
 * 4.2.1.12).
 */
const extendedKeyUsage = Buffer.from("0603551d25", "hex");
const clientUsages = ["06082b06010505070302", "0604551d2500"].map((hex) => Buffer.from(hex, "hex"));

/**
 * Takes the credentials out of a Secret of the network. Without a key in it the certificate must be
 * for ours. When it begins and ends is not judged: it was just made, so that by a clock that finds
 * it expired all else is wrong too, and what was spent for it would be lost. Throws an Error that
 * says what is wrong.
 */
export function readCredentials(
  secret: Secret,
  ours: { privateKeyPem: string },
): ReceivedCredentials {
  for (const key of [...Object.keys(secret.data ?? {}), ...Object.keys(secret.stringData ?? {})]) {
    if (!knownKeys.includes(key)) throw new Error("its Secret holds other data than a certificate");
  }
  const chain = certificatesIn(required(secret, "tls.crt"));
  const authorities = certificatesIn(required(secret, "ca.crt"));
  const [certificate] = chain;
  if (certificate === undefined) throw new Error("tls.crt is not a certificate in PEM");
  if (authorities.length === 0) throw new Error("ca.crt is not a certificate in PEM");
  const privateKey = secretText(secret, "tls.key") ?? ours.privateKeyPem;
  if (!isKeyOfCertificate(certificate, privateKey)) {
    throw new Error("the key does not match the certificate");
  }
  requireChain(chain, authorities);
  if (!isForClients(certificate)) throw new Error("the certificate is not made for clients");
  return { ca: authorities.join(""), certificate: chain.join(""), privateKey };
}

/**
 * Each certificate is signed by the next, all but the first are authorities', and one of ca.crt has
 * signed the last, as a router wants it. Throws an Error if not.
 */
function requireChain(chain: string[], authorities: string[]): void {
  if (chain.length > maxChain) throw new Error(`tls.crt holds more than ${maxChain} certificates`);
  chain.forEach((certificate, index) => {
    const above = chain[index + 1];
    if (above === undefined) {
      if (authorities.some((authority) => isSignedBy(certificate, authority))) return;
      throw new Error("the certificate is not signed by ca.crt");
    }
    if (!readCertificate(above).isAuthority || !isSignedBy(certificate, above)) {
      throw new Error("the certificates in tls.crt are no chain");
    }
  });
}

function required(secret: Secret, key: string): string {
  const text = secretText(secret, key);
  if (text === undefined) throw new Error(`its Secret has no ${key}`);
  return text;
}

/** Looks at the bytes, since not every runtime tells the extended key usage. */
function isForClients(certificatePem: string): boolean {
  const der = Buffer.from(certificatePem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return !der.includes(extendedKeyUsage) || clientUsages.some((usage) => der.includes(usage));
}
