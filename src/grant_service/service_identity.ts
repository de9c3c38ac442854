import { authoritiesBeginAt, createAuthority, loadAuthority } from "../pki/authority.ts";
import {
  certificatesIn,
  isKeyOfCertificate,
  isSignedBy,
  readCertificate,
} from "../pki/certificate.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import type { TlsIdentity } from "./http/grant_server.ts";
import type { IdentitySource } from "./identity_source.ts";

/**
 * Where the identity is kept: two texts with private keys in them, each stored whole or not at all.
 */
export interface IdentityStore {
  read(name: IdentityPart): Promise<string | undefined>;
  /**
   * Stores the text if `before` is still what is stored, and returns what is stored then: of
   * services that share a store and write at once, one is first and the others take what it wrote.
   */
  write(name: IdentityPart, text: string, before: string | undefined): Promise<string>;
}

export type IdentityPart = "authority.pem" | "server.pem";

/** The service's own certificate, made for the hosts as they come up. */
export function ownIdentity(
  store: IdentityStore,
  readings: () => readonly number[],
): IdentitySource {
  return { obtain: (hosts) => obtainServiceIdentity(store, hosts, readings) };
}

/** An identity and when to ask for the next one. */
export interface ServiceIdentity extends TlsIdentity {
  /** Milliseconds since 1970. */
  renewAt: number;
}

const dayMs = 24 * 3_600_000;
const authorityLifetimeMs = 10 * 365 * dayMs;
const serverLifetimeMs = 365 * dayMs;
/** How long before its end a certificate is renewed. */
const renewBeforeMs = 90 * dayMs;

interface PemPair {
  certificatePem: string;
  privateKeyPem: string;
}

/**
 * The identity of a service that clients reach by `hosts` (names and addresses): the stored one, or
 * a new one where there is none, it lacks a host, or it is not valid, for long enough, by each
 * clock of `readings` (milliseconds since 1970). The authority keeps its key: tokens that were
 * issued name it, and a clock may be wrong. Throws what the store throws.
 */
export async function obtainServiceIdentity(
  store: IdentityStore,
  hosts: readonly string[],
  readings: () => readonly number[] = () => [Date.now()],
): Promise<ServiceIdentity> {
  const latest = () => Math.max(...readings());
  const authority = await obtainPair(store, "authority.pem", {
    isUsable: (pair) => isValid(pair, readings()),
    make: (before) =>
      createAuthority("hawser-grant-service", {
        lifetimeMs: authorityLifetimeMs,
        now: latest(),
        ...(before === undefined ? {} : { privateKeyPem: before.privateKeyPem }),
      }),
  });
  const server = await obtainPair(store, "server.pem", {
    isUsable: (pair) =>
      isValid(pair, readings()) && isSignedBy(pair.certificatePem, authority.certificatePem) &&
      hosts.every((host) => namesOf(pair).includes(host)),
    make: () => createServerPair(authority, hosts, latest()),
  });
  return { ...server, caPem: authority.certificatePem, renewAt: renewalOf(server) };
}

/**
 * The stored pair if it is usable, else one that was made and stored, by us or by another service.
 */
async function obtainPair(
  store: IdentityStore,
  name: IdentityPart,
  { isUsable, make }: {
    isUsable(pair: PemPair): boolean;
    make(before?: PemPair): Promise<PemPair>;
  },
): Promise<PemPair> {
  for (let text = await store.read(name);;) {
    const stored = readPair(text);
    if (stored !== undefined && isUsable(stored)) return stored;
    const made = await make(stored);
    const written = writePair(made);
    text = await store.write(name, written, text);
    if (text === written) return made;
  }
}

async function createServerPair(
  authorityPair: PemPair,
  hosts: readonly string[],
  now: number,
): Promise<PemPair> {
  const { certificatePem, privateKeyPem } = authorityPair;
  const authority = await loadAuthority(certificatePem, privateKeyPem);
  const keys = await createKeyPair();
  const signed = await authority.signServer({
    commonName: hosts[0] ?? "localhost",
    hosts,
    publicKey: keys.publicKey,
    lifetimeMs: serverLifetimeMs,
    now,
  });
  return { certificatePem: signed.certificatePem, privateKeyPem: keys.privateKeyPem };
}

function isValid(pair: PemPair, readings: readonly number[]): boolean {
  const { notBefore } = readCertificate(pair.certificatePem);
  return readings.every((reading) => {
    const now = Math.max(reading, authoritiesBeginAt);
    return notBefore.getTime() <= now && now < renewalOf(pair);
  });
}

function renewalOf({ certificatePem }: PemPair): number {
  return readCertificate(certificatePem).notAfter.getTime() - renewBeforeMs;
}

function namesOf({ certificatePem }: PemPair): string[] {
  const { dnsNames, ipAddresses } = readCertificate(certificatePem);
  return [...dnsNames, ...ipAddresses];
}

/** The pair as it was written; undefined if there is none, or it is damaged. */
function readPair(text = ""): PemPair | undefined {
  const certificatePem = certificatesIn(text)[0] ?? "";
  const privateKeyPem = text.slice(certificatePem.length);
  try {
    return isKeyOfCertificate(certificatePem, privateKeyPem)
      ? { certificatePem, privateKeyPem }
      : undefined;
  } catch {
    return undefined;
  }
}

function writePair({ certificatePem, privateKeyPem }: PemPair): string {
  return certificatePem + privateKeyPem;
}
