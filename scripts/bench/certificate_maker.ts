import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { createAuthority, loadAuthority } from "../../src/pki/authority.ts";
import { createKeyPair, importPrivateKey } from "../../src/pki/key_pair.ts";

/** Milliseconds that a client's certificate takes, by our code and by the library. */
interface Costs {
  ours: number;
  library: number;
}

const rounds = 7;
const perRound = 200;

async function measure(keyType: "ec" | "rsa"): Promise<Costs> {
  const made = await createAuthority("bench", { keyType });
  const authority = await loadAuthority(made.certificatePem, made.privateKeyPem);
  const issuer = await importPrivateKey(made.privateKeyPem);
  const { publicKey } = await createKeyPair();
  const hash = keyType === "rsa" ? "RSASSA-PKCS1-v1_5" : "ECDSA";
  const ours = () => authority.signClient({ commonName: "east", publicKey, lifetimeMs: 3.6e6 });
  const library = () =>
    X509CertificateGenerator.create({
      serialNumber: "01",
      subject: "CN=east",
      issuer: "CN=bench",
      notBefore: new Date(),
      notAfter: new Date(Date.now() + 3.6e6),
      signingKey: issuer.privateKey,
      publicKey,
      signingAlgorithm: { name: hash, hash: "SHA-256" },
      extensions: [
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      ],
    }, webcrypto as Crypto);
  const costs: Record<keyof Costs, number[]> = { ours: [], library: [] };
  for (let round = 0; round < rounds; round++) {
    costs.ours.push(await timed(ours));
    costs.library.push(await timed(library));
  }
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[(rounds - 1) / 2]!;
  return { ours: middle(costs.ours), library: middle(costs.library) };
}

async function timed(make: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let count = 0; count < perRound; count++) await make();
  return (performance.now() - start) / perRound;
}

console.log(JSON.stringify({ rsa: await measure("rsa"), ec: await measure("ec") }));
