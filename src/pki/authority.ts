import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { isKeyOfCertificate, readCertificate } from "./certificate.ts";
import { createKeyPair, createRsaKeyPair, importPrivateKey, type KeyPair } from "./key_pair.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "./x509.ts";

/** Five years, as Skupper's certificates have it. */
export const defaultLifetimeMs = 5 * 365 * 24 * 60 * 60 * 1000;

/** How far before now a certificate begins, for clocks that are behind. */
const backdatedMs = 5 * 60 * 1000;

/** What is asked of an authority. */
export interface SigningRequest {
  commonName: string;
  publicKey: CryptoKey;
  lifetimeMs: number;
  /** Milliseconds since 1970; defaults to the time of the machine. */
  now?: number;
}

/** A certificate as signed. */
export interface SignedCertificate {
  certificatePem: string;
  /** Lower-case hex. */
  serial: string;
  notAfter: Date;
}

/** A certificate authority, ready to sign. What it signs begins 5 minutes ago and never outlives it. */
export interface Authority {
  readonly certificatePem: string;
  /** Signs for use as a client only, without server names. Throws an Error once the authority has expired. */
  signClient(request: SigningRequest): Promise<SignedCertificate>;
  /**
   * Signs for use as a server only. An IP host is named as address and as DNS name, as Skupper does
   * (spec skupper-system-sites 3). Throws an Error once the authority has expired.
   */
  signServer(request: SigningRequest & { hosts: readonly string[] }): Promise<SignedCertificate>;
}

/**
 * Makes a self-signed authority. Its key is EC P-256 in PKCS#8, or with `keyType: "rsa"` RSA 2048 in
 * PKCS#1: the one kind that Skupper's own programs sign with when they take the authority over.
 */
export async function createAuthority(
  commonName: string,
  options: { keyType?: "ec" | "rsa"; lifetimeMs?: number; now?: number } = {},
): Promise<{ certificatePem: string; privateKeyPem: string }> {
  const keys = options.keyType === "rsa" ? await createRsaKeyPair() : await createKeyPair();
  const now = options.now ?? Date.now();
  const subject = [{ CN: [commonName] }];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject,
    issuer: subject,
    notBefore: wholeSecond(now - backdatedMs),
    notAfter: wholeSecond(now + (options.lifetimeMs ?? defaultLifetimeMs)),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: keys.signing,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: `${certificate.toString("pem")}\n`, privateKeyPem: keys.privateKeyPem };
}

/**
 * Loads an authority from PEM; the key is RSA or EC in PKCS#1, SEC1 or PKCS#8. Throws an Error that
 * says so if the certificate is no authority's, the key is not its key, or either is broken.
 */
export async function loadAuthority(
  certificatePem: string,
  privateKeyPem: string,
): Promise<Authority> {
  if (!readCertificate(certificatePem).isAuthority) {
    throw new Error("the certificate is not a certificate authority's");
  }
  if (!isKeyOfCertificate(certificatePem, privateKeyPem)) {
    throw new Error("the private key is not the certificate's");
  }
  const certificate = new X509Certificate(certificatePem);
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages ?? KeyUsageFlags.keyCertSign;
  if (!(usages & KeyUsageFlags.keyCertSign)) {
    throw new Error("the certificate's key usage does not let it sign certificates");
  }
  const signer = { certificate, keys: await importPrivateKey(privateKeyPem) };
  return {
    certificatePem,
    signClient: (request) => sign(signer, request, ExtendedKeyUsage.clientAuth, []),
    signServer: (request) =>
      sign(signer, request, ExtendedKeyUsage.serverAuth, [
        new SubjectAlternativeNameExtension(request.hosts.flatMap(alternativeNames)),
      ]),
  };
}

async function sign(
  signer: { certificate: X509Certificate; keys: KeyPair },
  request: SigningRequest,
  purpose: ExtendedKeyUsage,
  names: Extension[],
): Promise<SignedCertificate> {
  const now = request.now ?? Date.now();
  const end = signer.certificate.notAfter;
  if (end.getTime() <= now) {
    throw new Error(`the certificate authority expired at ${end.toISOString()}`);
  }
  const notAfter = wholeSecond(Math.min(now + request.lifetimeMs, end.getTime()));
  const serial = randomSerial();
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial,
    subject: [{ CN: [request.commonName] }],
    // the name itself, not its text: Go compares issuer and subject byte for byte
    issuer: signer.certificate.subjectName,
    notBefore: wholeSecond(now - backdatedMs),
    notAfter,
    publicKey: request.publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: signer.keys.signing,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([purpose]),
      await SubjectKeyIdentifierExtension.create(request.publicKey),
      ...authorityKeyIdentifier(signer.certificate),
      ...names,
    ],
  });
  return { certificatePem: `${certificate.toString("pem")}\n`, serial, notAfter };
}

/** The authority's own identifier of its key, however it was computed; none if it carries none. */
function authorityKeyIdentifier(certificate: X509Certificate): Extension[] {
  const identifier = certificate.getExtension(SubjectKeyIdentifierExtension);
  return identifier ? [new AuthorityKeyIdentifierExtension(identifier.keyId)] : [];
}

function alternativeNames(host: string) {
  const name = { type: "dns" as const, value: host };
  return isIP(host) ? [{ type: "ip" as const, value: host }, name] : [name];
}

/** 126 random bits, positive and of full length (RFC 5280 4.1.2.2 allows 20 bytes). */
function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

/** Certificates hold whole seconds. */
function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
