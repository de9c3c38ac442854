import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { createAuthority, loadAuthority } from "../../../src/pki/authority.ts";
import {
  createKeyPair,
  createRsaKeyPair,
  importPrivateKey,
  readPrivateKey,
  type SigningAlgorithm,
} from "../../../src/pki/key_pair.ts";
import { createRequest, readRequest } from "../../../src/pki/request.ts";
import { median } from "../figure.ts";

const lifetimeMs = 60_000;
const rounds = 5;

/** Prints as JSON how many microseconds each way of making a certificate takes. */
async function main(): Promise<void> {
  const holder = await createKeyPair();
  const tasks: Record<string, { times: number; run(): unknown }> = {
    "EC key": { times: 300, run: createKeyPair },
    "RSA key": { times: 4, run: createRsaKeyPair },
  };
  for (const keyType of ["ec", "rsa"] as const) {
    const made = await createAuthority("ca", { keyType });
    const authority = await loadAuthority(made.certificatePem, made.privateKeyPem);
    const request = { commonName: "west", publicKey: holder.publicKey, lifetimeMs };
    tasks[`${keyType} ours`] = { times: 300, run: () => authority.signClient(request) };
    const { signing } = importPrivateKey(made.privateKeyPem);
    const keys = await libraryKeys(made.privateKeyPem, signing);
    const issuer = new x509.X509Certificate(made.certificatePem);
    tasks[`${keyType} library`] = {
      times: 100,
      run: () => signByLibrary(issuer, keys.algorithm, keys.privateKey, keys.publicKey),
    };
  }
  const der = Uint8Array.from(await createRequest(holder, "west"));
  tasks["request ours"] = { times: 300, run: () => readRequest(der) };
  tasks["request library"] = {
    times: 100,
    run: () => new x509.Pkcs10CertificateRequest(der).verify(),
  };
  console.log(JSON.stringify(await measure(tasks)));
}

/** The keys as the library takes them: the authority's private one, and some holder's. */
async function libraryKeys(privateKeyPem: string, { name, hash }: SigningAlgorithm) {
  const algorithm = { name, hash, ...(name === "ECDSA" ? { namedCurve: "P-256" } : {}) };
  const pkcs8 = readPrivateKey(privateKeyPem).export({ type: "pkcs8", format: "der" });
  const holder = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const bytes = Uint8Array.from(pkcs8);
  const privateKey = await crypto.subtle.importKey("pkcs8", bytes, algorithm, false, ["sign"]);
  return { algorithm, privateKey, publicKey: holder.publicKey };
}

/** The same certificate as `signClient` gives, as text too. */
async function signByLibrary(
  issuer: x509.X509Certificate,
  signingAlgorithm: EcdsaParams & { name: string },
  signingKey: CryptoKey,
  publicKey: CryptoKey,
): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: "41".repeat(16),
    subject: "CN=west",
    issuer: issuer.subject,
    notBefore: issuer.notBefore,
    notAfter: new Date(Date.now() + lifetimeMs),
    signingAlgorithm,
    publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return certificate.toString("pem");
}

/** The tasks in turns, one after another; the median round of each, in microseconds. */
async function measure(
  tasks: Record<string, { times: number; run(): unknown }>,
): Promise<Record<string, number>> {
  const found: Record<string, number[]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const [name, { times, run }] of Object.entries(tasks)) {
      const startedAt = performance.now();
      for (let time = 0; time < times; time++) await run();
      const us = (performance.now() - startedAt) * 1000 / times;
      if (round > 0) (found[name] ??= []).push(us); // the first round warms up
    }
  }
  return Object.fromEntries(Object.entries(found).map(([name, us]) => [name, median(us)]));
}

await main();
