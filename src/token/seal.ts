import { Buffer } from "node:buffer";
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
      encrypter.addRecipient(recipient);
    } catch (cause) {
      const wanted = "a recipient of age, which begins with age1; SSH keys are not taken";
      throw appError("invalid-value", { name: "--seal-to", value: recipient, wanted }, { cause });
    }
  }
  return async (text) => withLineEnd(armor.encode(await encrypter.encrypt(text)));
}

/** True for what age has sealed, armored or not. */
export function isSealed(content: string | Uint8Array): boolean {
  const head = Buffer.from(content.slice(0, 100) as Uint8Array).toString("latin1").trimStart();
  return head.startsWith(armorHead) || head.startsWith(binaryHead);
}

/**
 * What is sealed in the content of `file`. `identities` is the text of an identity file, named
 * `identityFile`. Throws `identity-invalid`, `seal-not-opened` where none of them fits, and
 * `token-file-invalid` where the content is damaged.
 */
export async function openSealed(
  content: Uint8Array,
  file: string,
  identities: string,
  identityFile: string,
): Promise<string> {
  const { armor, Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  const lines = identities.split(/\r?\n/).map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw appError("identity-invalid", { file: identityFile });
  for (const key of keys) {
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

function withLineEnd(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
