import "reflect-metadata";
import { Buffer } from "node:buffer";
import { webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { isIP } from "node:net";

const crypto = webcrypto as Crypto;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 86_400_000;

/** A server's certificate as its owner keeps it: PEM. */
export interface ServerFiles {
  /** The server's own, and those between it and the authority. */
  chain: string;
  key: string;
}

/** From when to when a certificate is good, in days from now. */
type Days = [from: number, to: number];

/** An authority that is neither ours nor Skupper's, with one below it that signs servers. */
export class TestAuthority {
  /** PEM. */
  readonly root: string;
  readonly #intermediate: X509Certificate;
  readonly #key: CryptoKey;

  private constructor(root: X509Certificate, intermediate: X509Certificate, key: CryptoKey) {
    this.root = withLineEnd(root.toString("pem"));
    this.#intermediate = intermediate;
    this.#key = key;
  }

  /** The certificate of the authority between the root and servers, PEM. */
  get intermediate(): string {
    return withLineEnd(this.#intermediate.toString("pem"));
  }

  static async make(name: string): Promise<TestAuthority> {
    const [keys, below] = [await makeKeys(), await makeKeys()];
    const root = await X509CertificateGenerator.createSelfSigned({
      ...{ name: `CN=${name}`, keys, signingAlgorithm: algorithm, ...valid([-30, 300]) },
      extensions: [
        new BasicConstraintsExtension(true, 2, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    }, crypto);
    const intermediate = await X509CertificateGenerator.create({
      ...{ subject: `CN=${name} R1`, issuer: root.subject, ...valid([-20, 200]) },
      ...{ publicKey: below.publicKey, signingKey: keys.privateKey, signingAlgorithm: algorithm },
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        await SubjectKeyIdentifierExtension.create(below.publicKey, false, crypto),
        await AuthorityKeyIdentifierExtension.create(root, false, crypto),
      ],
    }, crypto);
    return new TestAuthority(root, intermediate, below.privateKey);
  }

  /** A certificate for a server that has these hosts. */
  async sign(hosts: string[], days: Days = [-1, 60]): Promise<ServerFiles> {
    const keys = await makeKeys();
    const certificate = await X509CertificateGenerator.create({
      ...{ subject: `CN=${hosts[0]}`, issuer: this.#intermediate.subject, ...valid(days) },
      ...{ publicKey: keys.publicKey, signingKey: this.#key, signingAlgorithm: algorithm },
      extensions: [
        new SubjectAlternativeNameExtension(
          hosts.map((value) => ({
            type: isIP(value) === 0 ? "dns" as const : "ip" as const,
            value,
          })),
        ),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      ],
    }, crypto);
    const der = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    const base64 = Buffer.from(der).toString("base64").match(/.{1,64}/g)!.join("\n");
    return {
      chain: withLineEnd(certificate.toString("pem")) + this.intermediate,
      key: `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`,
    };
  }
}

async function makeKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
}

function valid([from, to]: Days) {
  return {
    notBefore: new Date(Date.now() + from * dayMs),
    notAfter: new Date(Date.now() + to * dayMs),
  };
}

function withLineEnd(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
