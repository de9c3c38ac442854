import { type KeyPair, publicKeyHash } from "./key_pair.ts";
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from "./x509.ts";

/** The largest request that is read, in bytes of DER. */
const maxRequestBytes = 4096;

/** Makes a certificate request (PKCS#10, RFC 2986), DER, signed with the key it is for. */
export async function createRequest(keyPair: KeyPair, commonName: string): Promise<Uint8Array> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [commonName] }],
    keys: keyPair,
    signingAlgorithm: keyPair.signing,
  });
  return new Uint8Array(request.rawData);
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
  let request: Pkcs10CertificateRequest;
  let publicKey: CryptoKey;
  try {
    request = new Pkcs10CertificateRequest(Uint8Array.from(der));
    publicKey = await request.publicKey.export();
  } catch (cause) {
    throw new Error("the certificate request is not PKCS#10 in DER", { cause });
  }
  if (!isAccepted(publicKey.algorithm)) {
    throw new Error("the request's key is neither EC P-256, EC P-384 nor RSA of 2048 bits or more");
  }
  if (!(await isSignedByItsKey(request))) {
    throw new Error("the certificate request is not signed with its own key");
  }
  const spki = request.publicKey.rawData;
  return { publicKey, spki, keyHash: publicKeyHash(spki) };
}

function isAccepted(algorithm: KeyAlgorithm): boolean {
  if (algorithm.name === "ECDSA") {
    return ["P-256", "P-384"].includes((algorithm as EcKeyAlgorithm).namedCurve);
  }
  return algorithm.name === "RSASSA-PKCS1-v1_5" &&
    (algorithm as RsaHashedKeyAlgorithm).modulusLength >= 2048;
}

async function isSignedByItsKey(request: Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    // a signature of another algorithm than the key's, or of a malformed encoding
    return false;
  }
}
