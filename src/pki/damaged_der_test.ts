import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { before, describe, test } from "node:test";
import { type Authority, createAuthority, loadAuthority } from "./authority.ts";
import { isSignedBy } from "./certificate.ts";
import { readElement, readInside } from "./der_reader.ts";
import { createKeyPair, createRsaKeyPair, type KeyPair } from "./key_pair.ts";
import { encodePem } from "./pem.ts";
import { createRequest, readRequest } from "./request.ts";

// src/pki and @peculiar/x509 read the same damaged bytes: docs/decisions/0001-certificates.md

const numRuns = 100;

type Bytes = Uint8Array<ArrayBuffer>;

interface Signer {
  authority: Authority;
  pem: string;
}

let signers: Record<"ec" | "rsa", Signer>;
let holders: Record<"ec" | "rsa", KeyPair>;

before(async () => {
  const signer = async (keyType: "ec" | "rsa") => {
    const made = await createAuthority("ca", { keyType });
    const authority = await loadAuthority(made.certificatePem, made.privateKeyPem);
    return { authority, pem: made.certificatePem };
  };
  signers = { ec: await signer("ec"), rsa: await signer("rsa") };
  holders = { ec: await createKeyPair(), rsa: await createRsaKeyPair() };
});

/**
 * Where one takes what the other refuses. Each place lies outside of what is signed, so what either
 * reads is what was signed.
 */
const differences = {
  "the outer header": "the library reads on where the length is wrong; Deno ignores the tag",
  "the algorithm's identifier":
    "the library ignores a tag, Deno most of it; we ignore its parameters",
  "the signature's encoding": "the library ignores unused bits and tags; Deno ignores unused bits",
  "after the end": "the library ignores what follows; so does Deno for certificates",
};

describe("damaged", () => {
  for (const what of ["certificate", "request"] as const) {
    for (const by of ["ec", "rsa"] as const) {
      test(`a ${what} (${by}) damaged within what is signed is refused by both`, async () => {
        const { der, signed, judge } = await specimen(what, by);
        await holds(
          fc.asyncProperty(
            fc.integer({ min: signed.start, max: signed.end - 1 }),
            fc.constantFrom("flip", "cut", "put"),
            fc.integer({ min: 0, max: 7 }),
            async (at, how, bit) => {
              assert.deepEqual(await judge(damage(der, at, how, bit)), {
                ours: false,
                theirs: false,
              });
            },
          ),
        );
      });

      test(`a ${what} (${by}) damaged elsewhere is refused by both, but for the table`, async () => {
        const { der, signed, places, judge } = await specimen(what, by);
        assert.deepEqual(await judge(der), { ours: true, theirs: true });
        for (const [place, positions] of Object.entries(places)) {
          for (const at of positions) {
            for (let bit = 0; bit < 8; bit++) {
              const damaged = damage(der, at, at === der.length ? "put" : "flip", bit);
              const { ours, theirs } = await judge(damaged);
              const inside = damaged.subarray(signed.start, signed.end);
              assert.deepEqual(inside, der.subarray(signed.start, signed.end));
              if (ours !== theirs) assert.ok(Object.hasOwn(differences, place), `${place}, ${at}`);
            }
          }
        }
      });
    }
  }
});

async function holds<T>(property: fc.IAsyncProperty<T>): Promise<void> {
  await fc.assert(property, { numRuns });
}

async function specimen(what: "certificate" | "request", by: "ec" | "rsa") {
  const { authority, pem } = signers[by];
  const publicKey = holders[by].publicKey;
  const hosts = ["west.example", "10.0.0.1"];
  const request = { commonName: "west", publicKey, hosts, lifetimeMs: 60_000 };
  const der: Bytes = what === "request"
    ? Uint8Array.from(await createRequest(holders[by], "west"))
    : fromPem((await authority.signServer(request)).certificatePem);
  const authorityKey = new x509.X509Certificate(pem).publicKey;
  const [signed, algorithm, signature] = readInside(0x30, readElement(der));
  const start = der.length - signed!.whole.length - algorithm!.whole.length -
    signature!.whole.length;
  const end = start + signed!.whole.length;
  const afterAlgorithm = end + algorithm!.whole.length;
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  return {
    der,
    signed: { start, end },
    places: {
      "the outer header": range(0, start),
      "the algorithm's identifier": range(end, afterAlgorithm),
      "the signature's encoding": range(afterAlgorithm, afterAlgorithm + 8),
      "the signature": range(der.length - 4, der.length),
      "after the end": [der.length],
    },
    judge: async (bytes: Bytes) =>
      what === "request"
        ? { ours: await weTakeRequest(bytes), theirs: await theyTakeRequest(bytes) }
        : {
          ours: weTakeCertificate(bytes, pem),
          theirs: await theyTakeCertificate(bytes, authorityKey),
        },
  };
}

function damage(der: Bytes, at: number, how: string, bit: number): Bytes {
  if (how === "cut") return Uint8Array.from([...der.subarray(0, at), ...der.subarray(at + 1)]);
  if (how === "put") {
    return Uint8Array.from([...der.subarray(0, at), 1 << bit, ...der.subarray(at)]);
  }
  return der.map((byte, index) => index === at ? byte ^ 1 << bit : byte);
}

async function weTakeRequest(der: Bytes): Promise<boolean> {
  return await readRequest(der).then(() => true, () => false);
}

function weTakeCertificate(der: Bytes, authorityPem: string): boolean {
  try {
    return isSignedBy(encodePem("CERTIFICATE", der), authorityPem);
  } catch {
    return false;
  }
}

async function theyTakeRequest(der: Bytes): Promise<boolean> {
  try {
    return await new x509.Pkcs10CertificateRequest(der).verify();
  } catch {
    return false;
  }
}

async function theyTakeCertificate(der: Bytes, publicKey: x509.PublicKey): Promise<boolean> {
  try {
    return await new x509.X509Certificate(der).verify({ publicKey, signatureOnly: true });
  } catch {
    return false;
  }
}

function fromPem(pem: string): Bytes {
  return Uint8Array.from(Buffer.from(pem.split("\n").slice(1, -2).join(""), "base64"));
}
