import type { Now } from "../runtime/clock.ts";
import { createAuthority, loadAuthority } from "../pki/authority.ts";
import {
  certificatesIn,
  isKeyOfCertificate,
  isSignedBy,
  readCertificate,
} from "../pki/certificate.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import type { TlsIdentity } from "./http/grant_server.ts";

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
 * a new one where there is none, it lacks a host or it is due. The authority stays as long as it
 * can: tokens that were issued name it. Throws what the store throws.
 */
export async function obtainServiceIdentity(
  store: IdentityStore,
  hosts: readonly string[],
  now: Now = Date.now,
): Promise<ServiceIdentity> {
  const authority = await obtainPair(store, "authority.pem", {
    isUsable: (pair) => !isDue(pair, now()),
    make: () =>
      createAuthority("hawser-grant-service", { lifetimeMs: authorityLifetimeMs, now: now() }),
  });
  const server = await obtainPair(store, "server.pem", {
    isUsable: (pair) =>
      !isDue(pair, now()) && isSignedBy(pair.certificatePem, authority.certificatePem) &&
      hosts.every((host) => namesOf(pair).includes(host)),
    make: () => createServerPair(authority, hosts, now()),
  });
  return { ...server, caPem: authority.certificatePem, renewAt: renewalOf(server) };
}

/**
 * The stored pair if it is usable, else one that was made and stored, by us or by another service.
 */
async function obtainPair(
  store: IdentityStore,
  name: IdentityPart,
  { isUsable, make }: { isUsable(pair: PemPair): boolean; make(): Promise<PemPair> },
): Promise<PemPair> {
  for (let text = await store.read(name);;) {
    const stored = readPair(text);
    if (stored !== undefined && isUsable(stored)) return stored;
    const made = await make();
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

function isDue(pair: PemPair, now: number): boolean {
  return renewalOf(pair) <= now;
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
