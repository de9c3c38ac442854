import type { Now } from "../runtime/clock.ts";
import { createAuthority, loadAuthority } from "../pki/authority.ts";
import {
  certificatesIn,
  isKeyOfCertificate,
  isSignedBy,
  readCertificate,
} from "../pki/certificate.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import type { TlsIdentity } from "./server.ts";

/** Where the identity is kept: two texts with private keys in them, each stored whole or not at all. */
export interface IdentityStore {
  read(name: "authority.pem" | "server.pem"): Promise<string | undefined>;
  write(name: "authority.pem" | "server.pem", text: string): Promise<void>;
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
 * a new one where there is none, it lacks a host or it is due. The authority stays as long as it can:
 * tokens that were issued name it. Throws what the store throws.
 */
export async function obtainServiceIdentity(
  store: IdentityStore,
  hosts: readonly string[],
  now: Now = Date.now,
): Promise<ServiceIdentity> {
  const authority = await obtainAuthority(store, now());
  const stored = await readPair(store, "server.pem");
  const isUsable = stored !== undefined && !isDue(stored, now()) &&
    isSignedBy(stored.certificatePem, authority.certificatePem) &&
    hosts.every((host) => namesOf(stored).includes(host));
  const server = isUsable ? stored : await createServerPair(store, authority, hosts, now());
  return { ...server, caPem: authority.certificatePem, renewAt: renewalOf(server) };
}

async function obtainAuthority(store: IdentityStore, now: number): Promise<PemPair> {
  const stored = await readPair(store, "authority.pem");
  if (stored !== undefined && !isDue(stored, now)) return stored;
  const made = await createAuthority("hawser-grant-service", {
    lifetimeMs: authorityLifetimeMs,
    now,
  });
  await store.write("authority.pem", writePair(made));
  return made;
}

async function createServerPair(
  store: IdentityStore,
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
  const made = { certificatePem: signed.certificatePem, privateKeyPem: keys.privateKeyPem };
  await store.write("server.pem", writePair(made));
  return made;
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

/** The stored pair; undefined if there is none, or none that can be used. */
async function readPair(
  store: IdentityStore,
  name: "authority.pem" | "server.pem",
): Promise<PemPair | undefined> {
  const text = await store.read(name) ?? "";
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
