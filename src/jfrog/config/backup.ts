import { cp, readdir, rename, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { appError } from "../../errors/app_error.ts";
import { explainSystemError, systemErrorCode, unlessAbsent } from "../../runtime/system_error.ts";
import { trustedCertificates } from "./home.ts";
import { makePrivateFolder } from "../../runtime/files.ts";

/** Folders of the home that a backup leaves out: large, or worth nothing later. */
const leftOut = ["backup", "dependencies", "locks", "logs"];

/**
 * Copies the home to backup/.jfrog-<seconds since 1970> in it, as jf does before it migrates
 * (docs/spec/jfrog.md 3.6). Throws `not-writable`.
 */
export async function backUpHome(home: string, now: number): Promise<void> {
  const backup = join(home, "backup", `.jfrog-${Math.floor(now / 1000)}`);
  await makePrivateFolder(backup);
  try {
    for (const name of await readdir(home)) {
      if (leftOut.includes(name)) continue;
      await cp(join(home, name), join(backup, name), { recursive: true });
    }
  } catch (cause) {
    throw appError("not-writable", { path: backup, why: explainSystemError(cause) }, { cause });
  }
}

/**
 * Moves the certificates of security/ to security/certs/, where jf looks for them since version 2,
 * unless that is there. Throws `not-writable`.
 */
export async function moveCertificates(home: string): Promise<void> {
  const certificates = trustedCertificates(home);
  const security = join(certificates, "..");
  try {
    if (!await exists(security) || await exists(certificates)) return;
    for (const entry of await readdir(security, { withFileTypes: true })) {
      if (entry.isDirectory() || entry.name === "security.yaml") continue;
      await makePrivateFolder(certificates);
      await rename(join(security, entry.name), join(certificates, basename(entry.name)));
    }
  } catch (cause) {
    if (systemErrorCode(cause) === undefined) throw cause;
    const why = explainSystemError(cause);
    throw appError("not-writable", { path: certificates, why }, { cause });
  }
}

async function exists(folder: string): Promise<boolean> {
  return await unlessAbsent(stat(folder)) !== undefined;
}
