import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { type Der, element, integer, objectIdentifier, sequence } from "./der.ts";
import { type DerElement, isSame, readElement, readInside } from "./der_reader.ts";
import { exportPublicKey, type KeyPair, publicKeyHash, type SigningAlgorithm } from "./key_pair.ts";
import { commonNameOnly, digestName, signatureAlgorithms, signed } from "./signature.ts";

/** The largest request that is read, in bytes of DER. */
const maxRequestBytes = 4096;

/** Makes a certificate request (PKCS#10, RFC 2986), DER, signed with the key it is for. */
export function createRequest(keyPair: KeyPair, commonName: string): Promise<Uint8Array> {
  const spki = exportPublicKey(keyPair.publicKey);
  const version = integer(Uint8Array.of(0));
  const noAttributes = element(0xa0);
  return signed(sequence(version, commonNameOnly(commonName), spki, noAttributes), keyPair);
}

/**
 * Reads a stranger's certificate request. Only the key counts: EC P-256 or P-384, or RSA of 2048
 * bits and more, and the sender must hold it. The key is given as SubjectPublicKeyInfo. Throws an
 * Error that says what is wrong.
 */
export async function readRequest(
  der: Uint8Array,
): Promise<{ publicKey: Der; keyHash: string }> {
  if (der.length > maxRequestBytes) {
    throw new Error(`the certificate request exceeds ${maxRequestBytes} bytes`);
  }
  const { information, key, algorithm, signature } = parse(der);
  const keyName = acceptedKeyName(key);
  if (keyName === undefined) {
    throw new Error("the request's key is neither EC P-256, EC P-384 nor RSA of 2048 bits or more");
  }
  const hash = hashOf(algorithm, keyName);
  if (hash === undefined || !await isValid(hash, information, key, signature)) {
    throw new Error("the certificate request is not signed with its own key");
  }
  // encoded anew, so that a key and nothing else is signed
  const publicKey = Uint8Array.from(key.export({ type: "spki", format: "der" }));
  return { publicKey, keyHash: publicKeyHash(publicKey) };
}

function parse(der: Uint8Array) {
  try {
    const [information, algorithm, signature] = readInside(0x30, readElement(der));
    const [, , spki] = readInside(0x30, information);
    if (signature?.tag !== 3 || signature.contents[0] !== 0) throw new Error("no signature");
    return {
      information: information!.whole,
      key: createPublicKey({ key: spki!.whole as never, format: "der", type: "spki" }),
      algorithm: readInside(0x30, algorithm)[0],
      signature: signature.contents.subarray(1),
    };
  } catch (cause) {
    throw new Error("the certificate request is not PKCS#10 in DER", { cause });
  }
}

/** Another thread verifies meanwhile: with TLS it is what a redemption takes longest for. */
function isValid(
  hash: string,
  bytes: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): Promise<boolean> {
  return new Promise((resolve) => {
    verify(hash, bytes, key, signature, (error, valid) => resolve(error === null && valid));
  });
}

function acceptedKeyName(key: KeyObject): KeyPair["signing"]["name"] | undefined {
  const { namedCurve = "", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (["prime256v1", "secp384r1"].includes(namedCurve)) return "ECDSA";
  const isLargeRsa = key.asymmetricKeyType === "rsa" && modulusLength >= 2048;
  return isLargeRsa ? "RSASSA-PKCS1-v1_5" : undefined;
}

/** The hash of a signature made with a key of that kind, if its algorithm is one of ours. */
function hashOf(algorithm: DerElement | undefined, keyName: string): string | undefined {
  return hashes[keyName]!.find(({ identifier }) => isSame(algorithm?.whole, identifier))?.hash;
}

const hashes = Object.fromEntries(
  ["ECDSA", "RSASSA-PKCS1-v1_5"].map((keyName) => [
    keyName,
    Object.entries(signatureAlgorithms).map(([name, identifier]) => ({ name, identifier }))
      .filter(({ name }) => name.startsWith(`${keyName} `)).map(({ name, identifier }) => ({
        hash: digestName({ hash: name.split(" ")[1] as SigningAlgorithm["hash"] }),
        identifier: objectIdentifier(identifier),
      })),
  ]),
);
