import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { fillRandomly } from "../globals.ts";
import { parseCertificate, writeCertificate } from "./certificate.ts";
import { createKeyPair, importPrivateKey, readPrivateKey } from "./key_pair.ts";

export const defaultLifetimeMs = 5 * 365 * 24 * 60 * 60 * 1000;
export const authoritiesBeginAt = Date.UTC(2025, 0, 1);

interface SigningRequest {
  commonName: string;
  publicKey: Uint8Array;
  lifetimeMs: number;
  now?: number;
  serial?: string;
  hosts?: readonly string[];
}

export async function createAuthority(
  commonName: string,
  options: { lifetimeMs?: number; now?: number; privateKeyPem?: string } = {},
) {
  const { publicKey, privateKeyPem } = options.privateKeyPem === undefined
    ? await createKeyPair()
    : await importPrivateKey(options.privateKeyPem);
  const now = Math.max(options.now ?? Date.now(), authoritiesBeginAt);
  const key = Buffer.from(publicKey).toString();
  const certificatePem = writeCertificate({
    subject: commonName,
    issuer: commonName,
    notBefore: authoritiesBeginAt,
    notAfter: now + (options.lifetimeMs ?? defaultLifetimeMs),
    serial: newSerial(),
    isAuthority: true,
    dnsNames: [],
    ipAddresses: [],
    key,
    by: key,
  });
  return { certificatePem, privateKeyPem };
}

export function loadAuthority(certificatePem: string, privateKeyPem: string) {
  const authority = parseCertificate(certificatePem);
  if (readPrivateKey(privateKeyPem) !== authority.key) throw new Error("it is another one's key");
  const sign = (
    { commonName, publicKey, lifetimeMs, now = Date.now(), serial, hosts = [] }: SigningRequest,
    isAuthority = false,
  ) => {
    if (now >= authority.notAfter) throw new Error("the authority has expired");
    const end = Math.min(now + lifetimeMs, authority.notAfter);
    const notAfter = isAuthority ? authority.notAfter : wholeSecond(end);
    const certificate = {
      subject: commonName,
      issuer: authority.subject,
      notBefore: authoritiesBeginAt,
      notAfter,
      serial: serial ?? newSerial(),
      isAuthority,
      dnsNames: [...hosts],
      ipAddresses: hosts.filter((host) => isIP(host) !== 0),
      key: Buffer.from(publicKey).toString(),
      by: authority.key,
    };
    return Promise.resolve({
      certificatePem: writeCertificate(certificate),
      serial: certificate.serial,
      notAfter: new Date(notAfter),
    });
  };
  return Promise.resolve({
    certificatePem,
    signClient: (request: SigningRequest) => sign(request),
    signServer: (request: SigningRequest) => sign(request),
    signIssuing: (request: Omit<SigningRequest, "lifetimeMs">) =>
      sign({ ...request, lifetimeMs: Infinity }, true),
  });
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function newSerial(): string {
  return Buffer.from(fillRandomly(new Uint8Array(16))).toString("hex");
}
