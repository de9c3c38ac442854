import { access, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { appError } from "../../../src/errors/app_error.ts";
import { type Secret, secretText } from "../../../src/resources/secret.ts";
import { attributeText, type Entity } from "../../../src/router/entity.ts";
import { explainSystemError } from "../../../src/runtime/system_error.ts";
import type { NamespacePaths } from "../paths.ts";

/** The files of a link's credentials, and the attributes of an sslProfile that name them. */
const files = {
  "ca.crt": "caCertFile",
  "tls.crt": "certFile",
  "tls.key": "privateKeyFile",
} as const;

type FileName = keyof typeof files;
const fileNames = Object.keys(files) as FileName[];

/**
 * Puts the credentials of a link where its router reads them, in the folder that upstream's reload
 * gives them (docs/spec/skupper-system-sites.md 3). What is there already is never written over:
 * false if it is anything else. Throws `not-writable`.
 */
export async function placeProfile(
  paths: NamespacePaths,
  profile: string,
  secret: Secret,
): Promise<boolean> {
  const folder = join(paths.runtimeCerts, profile);
  const present = await readProfile(folder);
  if (present !== undefined) {
    return fileNames.every((file) => present[file] === secretText(secret, file));
  }
  try {
    // beside it, so that it is there whole or not at all
    const made = await mkdtemp(join(paths.runtimeCerts, ".hawser-"));
    try {
      for (const file of fileNames) {
        await writeFile(join(made, file), secretText(secret, file) ?? "", { mode: 0o600 });
      }
      await rename(made, folder);
    } catch (error) {
      await rm(made, { recursive: true, force: true });
      throw error;
    }
  } catch (cause) {
    throw appError("not-writable", { path: folder, why: explainSystemError(cause) }, { cause });
  }
  return true;
}

/** Takes away what `placeProfile` has put there. */
export async function removeProfile(paths: NamespacePaths, profile: string): Promise<void> {
  await rm(join(paths.runtimeCerts, profile), { recursive: true, force: true });
}

/**
 * The attributes of an sslProfile whose files lie where its router sees them. `known` are the
 * profiles that the router has: a container sees the folder of the certificates elsewhere than this
 * machine does. Undefined if none of them tells where.
 */
export function profileAttributes(
  profile: string,
  known: readonly Entity[],
): Record<string, string> | undefined {
  for (const entity of known) {
    const ending = `/${attributeText(entity, "name")}/ca.crt`;
    const path = attributeText(entity, "caCertFile");
    const isUsual = path.endsWith(`/runtime/certs${ending}`);
    if (!isUsual) continue;
    const base = path.slice(0, -ending.length);
    return Object.fromEntries(
      fileNames.map((file) => [files[file], `${base}/${profile}/${file}`]),
    );
  }
  return undefined;
}

/** The files of a folder; undefined if there is no such folder. */
async function readProfile(
  folder: string,
): Promise<Partial<Record<FileName, string>> | undefined> {
  const isThere = await access(folder).then(() => true, () => false);
  if (!isThere) return undefined;
  const found: Partial<Record<FileName, string>> = {};
  for (const file of fileNames) {
    const text = await readFile(join(folder, file), "utf8").catch(() => undefined);
    if (text !== undefined) found[file] = text;
  }
  return found;
}
