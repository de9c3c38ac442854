import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { element, integer, objectIdentifier, sequence } from "./der.ts";
import { type DerElement, isSame, readElement, readInside } from "./der_reader.ts";
import { type KeyPair, publicKeyHash } from "./key_pair.ts";
import { commonNameOnly, signatureAlgorithms, signed } from "./signature.ts";

/** The largest request that is read, in bytes of DER. */
const maxRequestBytes = 4096;

/** Makes a certificate request (PKCS#10, RFC 2986), DER, signed with the key it is for. */
export async function createRequest(keyPair: KeyPair, commonName: string): Promise<Uint8Array> {
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", keyPair.publicKey));
  const version = integer(Uint8Array.of(0));
  const noAttributes = element(0xa0);
  return signed(sequence(version, commonNameOnly(commonName), spki, noAttributes), keyPair);
}

/**
 * Reads a stranger's certificate request, of which only the key counts: EC P-256 or P-384, or RSA of
 * 2048 bits and more, and the sender must hold it. Throws an Error that says what is wrong.
 */
export async function readRequest(
  der: Uint8Array,
): Promise<{ publicKey: CryptoKey; spki: ArrayBuffer; keyHash: string }> {
  if (der.length > maxRequestBytes) {
    throw new Error(`the certificate request exceeds ${maxRequestBytes} bytes`);
  }
  const { information, spki, key, algorithm, signature } = parse(der);
  const importParams = acceptedAlgorithm(key);
  if (importParams === undefined) {
    throw new Error("the request's key is neither EC P-256, EC P-384 nor RSA of 2048 bits or more");
  }
  const hash = hashOf(algorithm, importParams.name);
  if (hash === undefined || !verify(hash, information, key, signature)) {
    throw new Error("the certificate request is not signed with its own key");
  }
  return {
    publicKey: await crypto.subtle.importKey("spki", spki, importParams, true, ["verify"]),
    spki: spki.buffer,
    keyHash: publicKeyHash(spki),
  };
}

function parse(der: Uint8Array) {
  try {
    const [information, algorithm, signature] = readInside(0x30, readElement(der));
    const [, , spki] = readInside(0x30, information);
    if (signature?.tag !== 3 || signature.contents[0] !== 0) throw new Error("no signature");
    // a copy, so that its buffer holds the key alone
    const key = Uint8Array.from(spki!.whole);
    return {
      information: information!.whole,
      spki: key,
      key: createPublicKey({ key: key as never, format: "der", type: "spki" }),
      algorithm: readInside(0x30, algorithm)[0],
      signature: signature.contents.subarray(1),
    };
  } catch (cause) {
    throw new Error("the certificate request is not PKCS#10 in DER", { cause });
  }
}

function acceptedAlgorithm(key: KeyObject) {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (namedCurve === "prime256v1") return { name: "ECDSA", namedCurve: "P-256" } as const;
  if (namedCurve === "secp384r1") return { name: "ECDSA", namedCurve: "P-384" } as const;
  if (key.asymmetricKeyType === "rsa" && modulusLength >= 2048) {
    return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
  }
  return undefined;
}

/** The hash of a signature made with a key of that kind, if its algorithm is one of ours. */
function hashOf(algorithm: DerElement | undefined, keyName: string): string | undefined {
  for (const [name, identifier] of Object.entries(signatureAlgorithms)) {
    const [key, hash] = name.split(" ");
    if (key === keyName && isSame(algorithm?.whole, objectIdentifier(identifier))) {
      return hash!.replace("-", "").toLowerCase();
    }
  }
  return undefined;
}
