import { Buffer } from "node:buffer";
import type { Identity } from "age-encryption";
import { appError } from "../errors/app_error.ts";

const armorHead = "-----BEGIN AGE ENCRYPTED FILE-----";
const binaryHead = "age-encryption.org/v1\n";

/** A key pair to seal to and to open with (https://age-encryption.org/v1). */
export interface SealingKey {
  /** The secret half: `AGE-SECRET-KEY-1…`. */
  identity: string;
  /** The public half: `age1…`. */
  recipient: string;
}

/** Makes a key pair. */
export async function newSealingKey(): Promise<SealingKey> {
  const { generateX25519Identity, identityToRecipient } = await import("age-encryption");
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/**
 * A function that seals a text to all of the recipients, as armored age. Throws `invalid-value` for
 * one that is none.
 */
export async function prepareSeal(
  recipients: string[],
): Promise<(text: string) => Promise<string>> {
  const { armor, Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(await recipientOf(recipient));
    } catch (cause) {
      const wanted = "a recipient of age, which begins with age1, or a public key of SSH: " +
        "ssh-ed25519, or ssh-rsa with 2048 bits or more";
      throw appError("invalid-value", { name: "--seal-to", value: recipient, wanted }, { cause });
    }
  }
  return async (text) => withLineEnd(armor.encode(await encrypter.encrypt(text)));
}

/** What age's library takes for it; of a key of SSH we see to that ourselves. */
async function recipientOf(text: string) {
  if (!text.startsWith("ssh-")) return text;
  const { sshRecipient } = await import("./ssh_seal.ts");
  return sshRecipient(text);
}

/** True for what age has sealed, armored or not. */
export function isSealed(content: string | Uint8Array): boolean {
  const head = Buffer.from(content.slice(0, 100) as Uint8Array).toString("latin1").trimStart();
  return head.startsWith(armorHead) || head.startsWith(binaryHead);
}

/**
 * What is sealed in the content of `file`. `identities` is the text of an identity file of age, or
 * of a private key of SSH, named `identityFile`. Throws `identity-invalid`, `identity-locked` for a
 * key with a passphrase, `seal-not-opened` where none of them fits, and `token-file-invalid` where
 * the content is damaged.
 */
export async function openSealed(
  content: Uint8Array,
  file: string,
  identities: string,
  identityFile: string,
): Promise<string> {
  const { armor, Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  for (const key of await identitiesIn(identities, identityFile)) {
    try {
      decrypter.addIdentity(key);
    } catch {
      // its text is a secret, and so might be what was thrown
      throw appError("identity-invalid", { file: identityFile });
    }
  }
  const text = Buffer.from(content).toString("latin1").trim();
  try {
    const bytes = text.startsWith(armorHead) ? armor.decode(text) : content;
    return await decrypter.decrypt(bytes, "text");
  } catch (cause) {
    if (/no identity matched/i.test(String(cause))) {
      throw appError("seal-not-opened", { file, identityFile }, { cause });
    }
    throw appError("token-file-invalid", { file, why: "it is sealed, and damaged" }, { cause });
  }
}

/** The keys in the text of an identity file, as age's library takes them. */
async function identitiesIn(text: string, file: string): Promise<(string | Identity)[]> {
  if (/^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    const { sshIdentity } = await import("./ssh_seal.ts");
    const { SshKeyFault } = await import("./ssh_keys.ts");
    try {
      return [sshIdentity(text)];
    } catch (error) {
      const isLocked = error instanceof SshKeyFault && error.isLocked;
      throw appError(isLocked ? "identity-locked" : "identity-invalid", { file });
    }
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw appError("identity-invalid", { file });
  return keys;
}

function withLineEnd(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
