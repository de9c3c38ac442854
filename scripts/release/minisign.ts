import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, sign } from "node:crypto";

/** What ed25519's private keys begin with in PKCS #8 (RFC 8410). */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

interface SecretKey {
  id: Buffer;
  seed: Buffer;
}

/**
 * The signature of the bytes as minisign writes it (https://jedisct1.github.io/minisign/,
 * "Signature format"): over their BLAKE2b hash, with a comment that is signed too. `keyFile` is the
 * text of a secret key that `minisign -G -W` made. Throws if it is none, or has a password.
 */
export function signFile(bytes: Uint8Array, trustedComment: string, keyFile: string): string {
  const key = readSecretKey(keyFile);
  const signature = signWith(key, createHash("blake2b512").update(bytes).digest());
  const comment = signWith(key, Buffer.concat([signature, Buffer.from(trustedComment)]));
  return [
    "untrusted comment: signature from hawser's release key",
    Buffer.concat([Buffer.from("ED"), key.id, signature]).toString("base64"),
    `trusted comment: ${trustedComment}`,
    comment.toString("base64"),
    "",
  ].join("\n");
}

function signWith({ seed }: SecretKey, bytes: Buffer): Buffer {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Head, seed]),
    format: "der",
    type: "pkcs8",
  });
  return sign(null, bytes, key);
}

function readSecretKey(file: string): SecretKey {
  const bytes = Buffer.from(file.split("\n")[1] ?? "", "base64");
  if (bytes.length !== 158 || bytes.toString("latin1", 0, 2) !== "Ed") {
    throw new Error("The key is no secret key of minisign");
  }
  if (!bytes.subarray(2, 4).equals(Buffer.alloc(2))) {
    throw new Error("The key has a password: sign with minisign, or make a key by minisign -G -W");
  }
  // behind algorithms, salt and limits of the password
  return { id: bytes.subarray(54, 62), seed: bytes.subarray(62, 94) };
}
