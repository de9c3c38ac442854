import { Buffer } from "node:buffer";
import { join } from "node:path";
import { appError, isAppError } from "../../errors/app_error.ts";
import { withoutLineEnd } from "../environment_secret.ts";
import { readLimited } from "../../runtime/files.ts";
import { keyBytes } from "./cipher.ts";
import type { Environment } from "./home.ts";

/** The key that the secrets of the configuration file are encrypted with. */
export interface EncryptionKey {
  key: string;
  /** Where it was found, for errors. */
  source: string;
}

const variable = "JFROG_CLI_ENCRYPTION_KEY";
const maxKeyFileBytes = 64 * 1024;

/**
 * Finds the key as jf does (docs/spec/jfrog.md 3.5): the variable, which holds it or the path of a
 * .key file and switches encryption off where it is empty, else security/security.yaml of the home.
 * Undefined where there is none. Throws `file-not-found`, `not-readable` and `jfrog-key-invalid`.
 */
export async function findEncryptionKey(
  env: Environment,
  home: string,
): Promise<EncryptionKey | undefined> {
  const given = env[variable];
  if (given === undefined) return await keyOfSecurityFile(join(home, "security", "security.yaml"));
  if (given === "") return undefined;
  const text = withoutLineEnd(given);
  if (text.endsWith(".key")) {
    return check({ key: (await readText(text)).trim(), source: text });
  }
  // a line break may be the last byte of a key, but hardly is
  const key = Buffer.byteLength(given) === keyBytes ? given : text;
  return check({ key, source: variable });
}

async function keyOfSecurityFile(file: string): Promise<EncryptionKey | undefined> {
  let text;
  try {
    text = await readText(file);
  } catch (error) {
    if (isAppError(error, "file-not-found")) return undefined;
    throw error;
  }
  const { readResources } = await import("../../resources/yaml.ts");
  const [document = {}] = readResources(text, file);
  // jf takes these names in any case
  const [, key] = Object.entries(document).find(([name]) => name.toLowerCase() === "masterkey") ??
    [];
  if (typeof key !== "string") {
    const why = key === undefined || key === null
      ? "it has no masterKey"
      : "masterKey must be text: put it in quotes";
    throw appError("jfrog-key-invalid", { source: file, why });
  }
  return check({ key, source: file });
}

function check(found: EncryptionKey): EncryptionKey {
  const bytes = Buffer.byteLength(found.key);
  if (bytes === keyBytes) return found;
  throw appError("jfrog-key-invalid", {
    source: found.source,
    why: `it must have exactly ${keyBytes} bytes, not ${bytes}`,
  });
}

async function readText(file: string): Promise<string> {
  return new TextDecoder().decode(await readLimited(file, maxKeyFileBytes));
}
