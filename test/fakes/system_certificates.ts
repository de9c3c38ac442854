import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { join } from "node:path";
import { createAuthority, loadAuthority } from "../../src/pki/authority.ts";
import { createKeyPair } from "../../src/pki/key_pair.ts";

const parts = ["ca.crt", "tls.crt", "tls.key"] as const;
type Credentials = Record<(typeof parts)[number], string>;

/** What certificates are made for. */
export interface Access {
  metadata: { name: string };
  spec: { tlsCredentials: string; issuer?: string; subjectAlternativeNames?: string[] };
}

interface Secret {
  metadata: { name: string };
  [field: string]: unknown;
}

/** The certificates of a namespace that has been rendered. */
export interface Certificates {
  /** As a Secret's data. */
  encoded(name: string): Record<string, string>;
}

/**
 * Writes runtime/issuers and runtime/certs as upstream does (docs/spec/skupper-system-sites.md 3):
 * an authority once made is kept unless the user supplies one, everything else is made anew. Keys
 * of links' authorities are RSA in PKCS#1, as upstream's all are; those nobody signs with here are
 * not.
 */
export async function provideCertificates(
  root: string,
  accesses: Access[],
  secrets: Secret[],
): Promise<Certificates> {
  const issuers = new Set(["skupper-site-ca", ...accesses.map(issuerOf)]);
  for (const name of issuers) await provideAuthority(root, name, "rsa", secrets);
  for (const name of ["skupper-local-ca", "skupper-service-ca"]) {
    await provideAuthority(root, name, "ec", secrets);
  }
  const local = ["127.0.0.1", "localhost"];
  await provide(root, "skupper-local-server", "skupper-local-ca", local, secrets);
  await provide(root, "skupper-local-client", "skupper-local-ca", undefined, secrets);
  for (const access of accesses) {
    const { tlsCredentials, subjectAlternativeNames = [] } = access.spec;
    await provide(root, tlsCredentials, issuerOf(access), subjectAlternativeNames, secrets);
    await provide(root, `client-${tlsCredentials}`, issuerOf(access), undefined, secrets);
  }
  return {
    encoded(name) {
      const folder = join(root, "runtime/certs", name);
      return Object.fromEntries(
        fs.readdirSync(folder).map((
          file,
        ) => [file, fs.readFileSync(join(folder, file)).toString("base64")]),
      );
    },
  };
}

function issuerOf({ spec }: Access): string {
  return spec.issuer || "skupper-site-ca";
}

async function provideAuthority(
  root: string,
  name: string,
  keyType: "rsa" | "ec",
  secrets: Secret[],
): Promise<void> {
  const folder = join(root, "runtime/issuers", name);
  const supplied = readComplete(join(root, "input/issuers", name));
  if (supplied === undefined && fs.existsSync(folder)) return;
  write(folder, supplied ?? fromSecret(secrets, name) ?? await makeAuthority(name, keyType));
}

async function makeAuthority(name: string, keyType: "rsa" | "ec"): Promise<Credentials> {
  const { certificatePem, privateKeyPem } = await createAuthority(name, { keyType });
  return { "ca.crt": certificatePem, "tls.crt": certificatePem, "tls.key": privateKeyPem };
}

/** A server's certificate for the hosts, or a client's where there are none. */
async function provide(
  root: string,
  name: string,
  issuer: string,
  hosts: string[] | undefined,
  secrets: Secret[],
): Promise<void> {
  const folder = join(root, "runtime/certs", name);
  const supplied = readComplete(join(root, "input/certs", name)) ?? fromSecret(secrets, name);
  write(folder, supplied ?? await sign(root, name, issuer, hosts));
  if (hosts === undefined) fs.writeFileSync(join(folder, "connect.json"), "{}", { mode: 0o640 });
}

async function sign(
  root: string,
  commonName: string,
  issuer: string,
  hosts: string[] | undefined,
): Promise<Credentials> {
  const ca = readComplete(join(root, "runtime/issuers", issuer))!;
  const authority = await loadAuthority(ca["tls.crt"], ca["tls.key"]);
  const { publicKey, privateKeyPem } = await createKeyPair();
  const request = { commonName, publicKey, lifetimeMs: 86_400_000 };
  const { certificatePem } = hosts === undefined
    ? await authority.signClient(request)
    : await authority.signServer({ ...request, hosts });
  return { "ca.crt": ca["tls.crt"], "tls.crt": certificatePem, "tls.key": privateKeyPem };
}

function readComplete(folder: string): Credentials | undefined {
  if (!parts.every((part) => fs.existsSync(join(folder, part)))) return undefined;
  const read = (part: string) => fs.readFileSync(join(folder, part), "utf8");
  return { "ca.crt": read("ca.crt"), "tls.crt": read("tls.crt"), "tls.key": read("tls.key") };
}

function fromSecret(secrets: Secret[], name: string): Credentials | undefined {
  const data = secrets.find(({ metadata }) => metadata.name === name)?.["data"];
  if (data === undefined) return undefined;
  const encoded = Object.entries(data as Record<string, string>);
  return Object.fromEntries(
    encoded.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
  ) as Credentials;
}

function write(folder: string, credentials: Credentials): void {
  fs.mkdirSync(folder, { recursive: true });
  for (const part of parts) {
    fs.writeFileSync(join(folder, part), credentials[part], { mode: 0o640 });
  }
}
