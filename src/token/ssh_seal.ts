import { Buffer } from "node:buffer";
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { type Identity, type Recipient, Stanza } from "age-encryption";
import { parseSshPrivateKey, parseSshPublicKey, type SshKey } from "./ssh_keys.ts";

// what age makes of keys of SSH: https://pkg.go.dev/filippo.io/age/agessh

const ed25519Label = "age-encryption.org/v1/ssh-ed25519";
const oaep = {
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: "sha256",
  oaepLabel: Buffer.from("age-encryption.org/v1/ssh-rsa"),
};
/** A file key, encrypted and with its tag, in bytes. */
const wrappedBytes = 32;

const basePoint = Buffer.alloc(32, 0).fill(9, 0, 1);
/** What DER puts before the 32 bytes of an X25519 key, private or public (RFC 8410). */
const privatePrefix = Buffer.from("302e020100300506032b656e04220420", "hex");
const publicPrefix = Buffer.from("302a300506032b656e032100", "hex");

/** Seals to a public key of SSH: `ssh-ed25519 AAAA…`. Throws `SshKeyFault`. */
export function sshRecipient(line: string): Recipient {
  const ssh = parseSshPublicKey(line);
  return {
    wrapFileKey(fileKey) {
      if (ssh.key.asymmetricKeyType === "rsa") {
        const body = publicEncrypt({ key: ssh.key, ...oaep }, fileKey);
        return [new Stanza(["ssh-rsa", tagOf(ssh)], body)];
      }
      const theirs = montgomeryOf(ssh.key);
      const ephemeral = randomBytes(32);
      const share = multiply(ephemeral, basePoint);
      const key = wrapKey(ssh, multiply(ephemeral, theirs), share, theirs);
      const body = chacha20poly1305(key, new Uint8Array(12)).encrypt(fileKey);
      return [new Stanza(["ssh-ed25519", tagOf(ssh), unpadded(share)], body)];
    },
  };
}

/** Opens with the private key of SSH in the text. Throws `SshKeyFault`. */
export function sshIdentity(text: string): Identity {
  const ssh = parseSshPrivateKey(text);
  const isRsa = ssh.key.asymmetricKeyType === "rsa";
  const open = isRsa ? openRsa : openEd25519;
  const name = isRsa ? "ssh-rsa" : "ssh-ed25519";
  return {
    unwrapFileKey(stanzas) {
      const ours = stanzas.find(({ args }) => args[0] === name && args[1] === tagOf(ssh));
      return ours === undefined ? null : open(ssh, ours);
    },
  };
}

function openRsa({ key }: SshKey, { args, body }: Stanza): Uint8Array {
  if (args.length !== 2) throw new Error("its stanza is damaged");
  return privateDecrypt({ key, ...oaep }, body);
}

function openEd25519(ssh: SshKey, { args, body }: Stanza): Uint8Array {
  const share = Buffer.from(args[2] ?? "", "base64");
  if (args.length !== 3 || unpadded(share) !== args[2] || share.length !== 32) {
    throw new Error("its stanza is damaged");
  }
  if (body.length !== wrappedBytes) throw new Error("its stanza is damaged");
  const secret = scalarOf(ssh.key);
  const key = wrapKey(ssh, multiply(secret, share), share, multiply(secret, basePoint));
  return chacha20poly1305(key, new Uint8Array(12)).decrypt(body);
}

/** The key of the file key: of the shared secret, bound to this very key of SSH. */
function wrapKey({ blob }: SshKey, shared: Buffer, share: Buffer, theirs: Buffer): Uint8Array {
  const tweak = derive(Buffer.alloc(0), blob);
  return derive(multiply(tweak, shared), Buffer.concat([share, theirs]));
}

function derive(secret: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, salt, ed25519Label, 32));
}

function tagOf({ blob }: SshKey): string {
  return unpadded(createHash("sha256").update(blob).digest().subarray(0, 4));
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}

/** X25519: the point as many times as the scalar says. */
function multiply(scalar: Buffer, point: Buffer): Buffer {
  return diffieHellman({
    privateKey: createPrivateKey({
      key: Buffer.concat([privatePrefix, scalar]),
      format: "der",
      type: "pkcs8",
    }),
    publicKey: createPublicKey({
      key: Buffer.concat([publicPrefix, point]),
      format: "der",
      type: "spki",
    }),
  });
}

/** The scalar of an Ed25519 key (RFC 8032 5.1.5), which X25519 clamps. */
function scalarOf(key: KeyObject): Buffer {
  const seed = Buffer.from(key.export({ format: "jwk" }).d!, "base64url");
  return createHash("sha512").update(seed).digest().subarray(0, 32);
}

/** The point of an Ed25519 key on the curve of X25519: u = (1 + y) / (1 - y) (RFC 7748 4.1). */
function montgomeryOf(key: KeyObject): Buffer {
  const prime = 2n ** 255n - 19n;
  const bytes = Buffer.from(key.export({ format: "jwk" }).x!, "base64url");
  const y = BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`) & (2n ** 255n - 1n);
  const u = (1n + y) * power(1n - y + prime, prime - 2n, prime) % prime;
  return Buffer.from(u.toString(16).padStart(64, "0"), "hex").reverse();
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, factor] = [1n, base % modulus];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = result * factor % modulus;
    factor = factor * factor % modulus;
  }
  return result;
}
