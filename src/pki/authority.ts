import { Buffer } from "node:buffer";
import type { KeyObject } from "node:crypto";
import { isKeyOfCertificate, readCertificate } from "./certificate.ts";
import { readFields } from "./certificate_fields.ts";
import { type Der, explicit, integer, sequence, time } from "./der.ts";
import {
  authorityExtensions,
  findExtension,
  holderExtensions,
  issuingExtensions,
} from "./extensions.ts";
import {
  createKeyPair,
  createRsaKeyPair,
  exportPublicKey,
  importPrivateKey,
  type KeyPair,
} from "./key_pair.ts";
import { encodePem } from "./pem.ts";
import { algorithmIdentifier, commonNameOnly, signed } from "./signature.ts";

/** Five years, as Skupper's certificates have it. */
export const defaultLifetimeMs = 5 * 365 * 24 * 60 * 60 * 1000;

/**
 * When authorities made here begin, in milliseconds since 1970: the same for all, so that no clock
 * that is wrong, here or at who checks them, makes one that is not valid yet. Time is later than
 * this.
 */
export const authoritiesBeginAt: number = Date.UTC(2025, 0, 1);

/** What is asked of an authority. */
export interface SigningRequest {
  commonName: string;
  /** Of the certificate's holder; in DER it is a SubjectPublicKeyInfo. */
  publicKey: KeyObject | Der;
  lifetimeMs: number;
  /** Milliseconds since 1970; defaults to the time of the machine. */
  now?: number;
  /** Milliseconds since 1970; with the authority by default. */
  beginsAt?: number;
  /** Hex, of a certificate that is signed once more, same in all but its signature; else random. */
  serial?: string;
}

/** A certificate as signed. */
export interface SignedCertificate {
  certificatePem: string;
  /** Lower-case hex. */
  serial: string;
  notAfter: Date;
}

/** A certificate authority, ready to sign. Its certificates begin with it and never outlive it. */
export interface Authority {
  readonly certificatePem: string;
  /**
   * Signs for use as a client only, without server names. Throws an Error once the authority has
   * expired.
   */
  signClient(request: SigningRequest): Promise<SignedCertificate>;
  /**
   * Signs for use as a server only. An IP host is named as address and as DNS name, as Skupper does
   * (spec skupper-system-sites 3). Throws an Error once the authority has expired.
   */
  signServer(request: SigningRequest & { hosts: readonly string[] }): Promise<SignedCertificate>;
  /**
   * Signs an authority that signs clients and nothing else, for as long as this one. Throws an
   * Error once this one has expired. `whyNoIssuing` says where it has no right to.
   */
  signIssuing(request: Omit<SigningRequest, "lifetimeMs">): Promise<SignedCertificate>;
}

/** What a new authority is like. */
export interface AuthorityOptions {
  keyType?: "ec" | "rsa";
  lifetimeMs?: number;
  /** Milliseconds since 1970; defaults to the time of the machine. */
  now?: number;
  /** Milliseconds since 1970. */
  beginsAt?: number;
  /** The key it is to have, in PKCS#1, SEC1 or PKCS#8. */
  privateKeyPem?: string;
  /** How many authorities there may be below it, one under the other; by default 0. */
  pathLength?: number;
}

/**
 * Makes a self-signed authority. Its key is EC P-256 in PKCS#8, or with `keyType: "rsa"` RSA 2048
 * in PKCS#1: the one kind that Skupper's own programs sign with when they take the authority over.
 * With `privateKeyPem` it has that key: whoever trusts an earlier certificate of it trusts what
 * this one signs.
 */
export async function createAuthority(
  commonName: string,
  options: AuthorityOptions = {},
): Promise<{ certificatePem: string; privateKeyPem: string }> {
  const { beginsAt = authoritiesBeginAt, privateKeyPem } = options;
  const keys = privateKeyPem !== undefined
    ? { ...importPrivateKey(privateKeyPem), privateKeyPem }
    : options.keyType === "rsa"
    ? await createRsaKeyPair()
    : await createKeyPair();
  const now = Math.max(options.now ?? Date.now(), beginsAt);
  const subject = commonNameOnly(commonName);
  const spki = exportPublicKey(keys.publicKey);
  const certificatePem = await signCertificate(keys, {
    serial: randomSerial(),
    issuer: subject,
    subject,
    notBefore: wholeSecond(beginsAt),
    notAfter: wholeSecond(now + (options.lifetimeMs ?? defaultLifetimeMs)),
    spki,
    extensions: authorityExtensions(spki, options.pathLength ?? 0),
  });
  return { certificatePem, privateKeyPem: keys.privateKeyPem };
}

/**
 * Loads an authority from PEM; the key is RSA or EC in PKCS#1, SEC1 or PKCS#8. Throws an Error that
 * says so if the certificate is no authority's, the key is not its key, or either is broken.
 */
// deno-lint-ignore require-await -- where it throws, the promise is to
export async function loadAuthority(
  certificatePem: string,
  privateKeyPem: string,
): Promise<Authority> {
  const { isAuthority, notBefore, notAfter } = readCertificate(certificatePem);
  const issuer = isAuthority ? readIssuer(certificatePem) : undefined;
  if (!issuer?.maySign) throw new Error("the certificate is not a certificate authority's");
  if (!isKeyOfCertificate(certificatePem, privateKeyPem)) {
    throw new Error("the private key is not the certificate's");
  }
  const signer = { ...issuer, notBefore, notAfter, keys: importPrivateKey(privateKeyPem) };
  const { keyIdentifier } = signer;
  const ofClients = holderExtensions("clientAuth", keyIdentifier, []); // the same in all of them
  return {
    certificatePem,
    signClient: (request) => sign(signer, request, ofClients),
    signServer: (request) =>
      sign(signer, request, holderExtensions("serverAuth", keyIdentifier, request.hosts)),
    async signIssuing(request) {
      const spki = publicKeyOf(request);
      const extensions = issuingExtensions(spki, keyIdentifier);
      return await sign(signer, { ...request, lifetimeMs: Infinity }, extensions);
    },
  };
}

/** What an authority's certificate says to those it signs. */
interface Issuer {
  /** Its name as it is encoded: Go compares issuer and subject byte for byte. */
  subject: Der;
  /** The identifier of its key, however it was computed; none if the certificate carries none. */
  keyIdentifier: Der | undefined;
  /** False if its key usage leaves out signing certificates, which not every runtime looks at. */
  maySign: boolean;
}

function readIssuer(certificatePem: string): Issuer {
  const { subject, extensions } = readFields(certificatePem);
  const usage = findExtension(extensions, "keyUsage");
  return {
    subject,
    keyIdentifier: findExtension(extensions, "subjectKeyIdentifier")?.contents,
    maySign: usage === undefined || (usage.contents[1]! & 0b0000_0100) !== 0,
  };
}

async function sign(
  signer: Issuer & { notBefore: Date; notAfter: Date; keys: KeyPair },
  request: SigningRequest,
  extensions: Der[],
): Promise<SignedCertificate> {
  const now = Math.max(request.now ?? Date.now(), signer.notBefore.getTime());
  const end = signer.notAfter.getTime();
  if (end <= now) {
    throw new Error(`the certificate authority expired at ${signer.notAfter.toISOString()}`);
  }
  const notAfter = wholeSecond(Math.min(now + request.lifetimeMs, end));
  const serial = request.serial ? Buffer.from(request.serial, "hex") : randomSerial();
  const certificatePem = await signCertificate(signer.keys, {
    serial,
    issuer: signer.subject,
    subject: commonNameOnly(request.commonName),
    notBefore: wholeSecond(request.beginsAt ?? signer.notBefore.getTime()),
    notAfter,
    spki: publicKeyOf(request),
    extensions,
  });
  return { certificatePem, serial: Buffer.from(serial).toString("hex"), notAfter };
}

function publicKeyOf({ publicKey }: Pick<SigningRequest, "publicKey">): Der {
  return publicKey instanceof Uint8Array ? publicKey : exportPublicKey(publicKey);
}

/** Encodes a certificate (RFC 5280 4.1) and signs it. */
async function signCertificate(
  keys: KeyPair,
  fields: {
    serial: Uint8Array;
    issuer: Der;
    subject: Der;
    notBefore: Date;
    notAfter: Date;
    spki: Uint8Array;
    extensions: Der[];
  },
): Promise<string> {
  const toBeSigned = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(fields.serial),
    algorithmIdentifier(keys),
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.spki,
    explicit(3, sequence(...fields.extensions)),
  );
  return encodePem("CERTIFICATE", await signed(toBeSigned, keys));
}

/** 126 random bits, positive and of full length (RFC 5280 4.1.2.2 allows 20 bytes). */
function randomSerial(): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes;
}

/** Certificates hold whole seconds. */
function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
