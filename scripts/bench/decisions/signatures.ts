import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { createAuthority, loadAuthority } from "../../../src/pki/authority.ts";
import { createKeyPair, createRsaKeyPair, importPrivateKey } from "../../../src/pki/key_pair.ts";
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
    const { signing, privateKey } = await importPrivateKey(made.privateKeyPem);
    const issuer = new x509.X509Certificate(made.certificatePem);
    tasks[`${keyType} library`] = {
      times: 100,
      run: () => signByLibrary(issuer, signing, privateKey, holder.publicKey),
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
