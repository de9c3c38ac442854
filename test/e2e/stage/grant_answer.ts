import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { createAuthority, loadAuthority } from "../../../src/pki/authority.ts";
import { createKeyPair } from "../../../src/pki/key_pair.ts";

/** The parts of a grant service's answer, as a test may spoil them. */
export interface GrantAnswerParts {
  secret: {
    metadata: { name: string };
    data: Record<string, string>;
    [field: string]: unknown;
  };
  links: {
    metadata: { name: string };
    spec: { endpoints: Record<string, string>[]; tlsCredentials: string };
    [field: string]: unknown;
  }[];
}

/** A good answer to that request, in the shape of upstream's service: it makes the key. */
export async function makeGrantAnswer(request: IncomingMessage): Promise<GrantAnswerParts> {
  const name = String(request.headers["name"]);
  const { certificatePem, privateKeyPem } = await createAuthority("stand-in");
  const authority = await loadAuthority(certificatePem, privateKeyPem);
  const keys = await createKeyPair();
  const client = await authority.signClient({
    commonName: "east",
    publicKey: keys.publicKey,
    lifetimeMs: 3_600_000,
  });
  return {
    secret: {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      data: {
        "ca.crt": encode(certificatePem),
        "tls.crt": encode(client.certificatePem),
        "tls.key": encode(keys.privateKeyPem),
      },
    },
    links: [{
      apiVersion: "skupper.io/v2alpha1",
      kind: "Link",
      metadata: { name },
      spec: {
        endpoints: [{ name: "inter-router", host: "127.0.0.1", port: "55671" }],
        tlsCredentials: name,
      },
    }],
  };
}

/** The answer as it goes over the wire. */
export function renderGrantAnswer({ secret, links }: GrantAnswerParts): string {
  return [secret, ...links].map((document) => `---\n${JSON.stringify(document)}\n`).join("");
}

export function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}
