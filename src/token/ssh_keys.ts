import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** A key of SSH that can be sealed to: its kind is `ed25519` or `rsa`. */
export interface SshKey {
  /** The public half or the whole key. */
  key: KeyObject;
  /** The public half as SSH sends it (RFC 4253 6.6, RFC 8709 4). */
  blob: Buffer;
}

/** What is no such key; the message says why, and nothing of the key. */
export class SshKeyFault extends Error {
  /** True where a passphrase would open it. */
  readonly isLocked: boolean;

  constructor(message: string, { isLocked = false } = {}) {
    super(message);
    this.isLocked = isLocked;
  }
}

/** Below that an RSA key is not sealed to, in bits. */
const leastRsaBits = 2048;
/** What an OpenSSH private key begins with (PROTOCOL.key). */
const privateMagic = "openssh-key-v1\0";

/** A line of authorized_keys or of a .pub file: `ssh-ed25519 AAAA… comment`. */
export function parseSshPublicKey(line: string): SshKey {
  const [, kind, base64 = ""] = /^(ssh-ed25519|ssh-rsa)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t].*)?$/
    .exec(line.trim()) ?? [];
  const fields = new Fields(Buffer.from(base64, "base64"));
  if (kind === undefined || fields.text() !== kind) throw new SshKeyFault("it is no key of SSH");
  const jwk = kind === "ssh-rsa" ? rsaHalf(fields) : ed25519Half(fields.bytes());
  fields.end();
  return checked(createPublicKey({ key: jwk, format: "jwk" }));
}

/** The content of a private key file, as `ssh-keygen` writes it or as PEM of PKCS#1 or PKCS#8. */
export function parseSshPrivateKey(text: string): SshKey {
  const [, label, body = ""] =
    /^-----BEGIN ([A-Z ]+)-----\s([\s\S]*?)\s-----END \1-----\s*$/.exec(text.trim()) ?? [];
  if (label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type: .*ENCRYPTED/m.test(body)) throw locked();
  if (label === "OPENSSH PRIVATE KEY") {
    return checked(createPrivateKey({ key: openSshKey(body), format: "jwk" }));
  }
  if (!/^(RSA )?PRIVATE KEY$/.test(label ?? "")) throw new SshKeyFault("it is no private key");
  return checked(createPrivateKey(text));
}

/** The parts of a private key in OpenSSH's own format. */
function openSshKey(base64: string): JsonWebKey {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("latin1", 0, privateMagic.length) !== privateMagic) {
    throw new SshKeyFault("it is no private key");
  }
  const outer = new Fields(bytes.subarray(privateMagic.length));
  const cipher = outer.text();
  outer.bytes(); // how the cipher's key is derived,
  outer.bytes(); // and from what
  if (cipher !== "none") throw locked();
  if (outer.number() !== 1) throw new SshKeyFault("it holds several keys");
  outer.bytes(); // the public half, which comes again
  const fields = new Fields(outer.bytes());
  if (fields.number() !== fields.number()) throw new SshKeyFault("it is damaged");
  const kind = fields.text();
  if (kind === "ssh-ed25519") {
    const half = ed25519Half(fields.bytes());
    return { ...half, d: base64url(fields.bytes().subarray(0, 32)) };
  }
  if (kind !== "ssh-rsa") throw new SshKeyFault("it is of another kind");
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => fields.bytes());
  const rest = (prime: Buffer) => {
    const length = prime.length * 2;
    const part = toBigInt(d!) % (toBigInt(prime) - 1n);
    return Buffer.from(part.toString(16).padStart(length, "0"), "hex");
  };
  const parts = { n, e, d, p, q, dp: rest(p!), dq: rest(q!), qi };
  const encoded = Object.entries(parts).map(([name, part]) => [name, base64url(part!)]);
  return { kty: "RSA", ...Object.fromEntries(encoded) };
}

function ed25519Half(point: Buffer): JsonWebKey {
  return { kty: "OKP", crv: "Ed25519", x: base64url(point) };
}

function rsaHalf(fields: Fields): JsonWebKey {
  const [e, n] = [fields.bytes(), fields.bytes()];
  return { kty: "RSA", e: base64url(e), n: base64url(n) };
}

/** The key with its public half as SSH sends it. Throws `SshKeyFault` where it can't be used. */
function checked(key: KeyObject): SshKey {
  const { x, e, n } = key.export({ format: "jwk" });
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return { key, blob: blobOf(Buffer.from("ssh-ed25519"), Buffer.from(x!, "base64url")) };
    case "rsa": {
      const modulus = Buffer.from(n!, "base64url");
      const bits = toBigInt(modulus).toString(2).length;
      if (bits < leastRsaBits) throw new SshKeyFault(`it has ${bits} bits`);
      const exponent = Buffer.from(e!, "base64url");
      return { key, blob: blobOf(Buffer.from("ssh-rsa"), positive(exponent), positive(modulus)) };
    }
  }
  throw new SshKeyFault("it is of another kind");
}

function blobOf(...fields: Buffer[]): Buffer {
  return Buffer.concat(fields.flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, field];
  }));
}

/** A number as SSH writes it: a first bit that is set would make it negative (RFC 4251 5). */
function positive(bytes: Buffer): Buffer {
  return bytes[0]! >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

/** The same without the byte that makes a number positive. */
function base64url(bytes: Buffer): string {
  return (bytes[0] === 0 && bytes.length > 32 ? bytes.subarray(1) : bytes).toString("base64url");
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex")}`);
}

function locked(): SshKeyFault {
  return new SshKeyFault("a passphrase protects it", { isLocked: true });
}

/** What SSH puts behind one another, each with its length before it. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  number(): number {
    if (this.#at + 4 > this.#bytes.length) throw new SshKeyFault("it is cut off");
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  bytes(): Buffer {
    const length = this.number();
    if (this.#at + length > this.#bytes.length) throw new SshKeyFault("it is cut off");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    return this.bytes().toString("latin1");
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new SshKeyFault("it is damaged");
  }
}
