import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { appError, isAppError } from "../../../src/errors/app_error.ts";
import { createAuthority } from "../../../src/pki/authority.ts";
import { isSubdomain } from "../../../src/resources/names.ts";
import { siteIssuer } from "../../../src/resources/site.ts";
import { makeLastingFolder, syncFolder, writeWhole } from "../../../src/runtime/files.ts";
import { explainSystemError, systemErrorCode } from "../../../src/runtime/system_error.ts";
import { derivedUid } from "../store/derived_uid.ts";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";
import { siteMarks } from "./site_marks.ts";

/** A certificate authority as its folder holds it. */
export interface AuthorityFiles {
  certificatePem: string;
  privateKeyPem: string;
}

/** Begins the name of the folder that an authority is built in. */
const draftPrefix = ".authority-";

/** What makes the folder of a certificate authority complete; upstream ignores any other one. */
const parts = ["ca.crt", "tls.crt", "tls.key"] as const;

/**
 * The uid of the namespace's site: derived from its certificate authority, so that a namespace torn
 * down and made anew honours nothing old, and one that `skupper system start` adopts keeps all.
 * Undefined while there is none. Throws `not-readable` where that can't be told: a site that is
 * taken for gone takes its grants along.
 */
// deno-lint-ignore require-await -- where it throws, the promise is to
export async function siteUid(paths: NamespacePaths): Promise<string | undefined> {
  return readSiteUid(paths);
}

/**
 * The folder of that authority, if it is complete: the one that `skupper system start` made or took
 * over, for that is what its router trusts, else the one the user supplies to it
 * (docs/spec/skupper-system-sites.md 3). Throws `not-readable` where that can't be told.
 */
export function findAuthorityFolder(paths: NamespacePaths, issuer: string): string | undefined {
  if (!isSubdomain(issuer)) return undefined;
  for (const issuers of [paths.runtimeIssuers, paths.inputIssuers]) {
    const folder = join(issuers, issuer);
    if (parts.every((part) => isPresent(join(folder, part)))) return folder;
  }
  return undefined;
}

/** Certificate and key of that authority; throws `site-issuer-missing` with the reason. */
export async function readSiteAuthority(
  paths: NamespacePaths,
  issuer: string,
): Promise<AuthorityFiles> {
  const folder = findAuthorityFolder(paths, issuer);
  if (folder === undefined) {
    const missing = isSubdomain(issuer) ? missingParts(join(paths.inputIssuers, issuer)) : parts;
    throw issuerMissing(
      paths,
      issuer,
      missing.length === parts.length
        ? "does not exist"
        : `is incomplete: no ${missing.join(", ")}`,
    );
  }
  try {
    return {
      certificatePem: await readFile(join(folder, "tls.crt"), "utf8"),
      privateKeyPem: await readFile(join(folder, "tls.key"), "utf8"),
    };
  } catch (cause) {
    throw issuerMissing(paths, issuer, `cannot be read: ${explainSystemError(cause)}`, cause);
  }
}

/**
 * Makes the site's certificate authority where `skupper system start` adopts it from, unless one is
 * there, and returns the site's uid. It is complete, and marked as made here, before it can be
 * seen. `refuse` is called once there is none, and throws where none may be made. Throws
 * `site-issuer-missing` if a broken one is in the way, and `data-home-unusable`.
 */
export async function createSiteAuthority(
  paths: NamespacePaths,
  refuse: () => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const folder = join(paths.inputIssuers, siteIssuer);
  let draft: string | undefined;
  let uid: string | undefined;
  try {
    if (await isThere(paths, folder)) return await requireSiteUid(paths);
    await refuse();
    await makeLastingFolder(paths.inputIssuers);
    await makeLastingFolder(paths.state);
    // built where upstream never looks: any complete folder in input/issuers is an authority to it
    draft = await mkdtemp(join(paths.state, draftPrefix));
    uid = uidOf(paths, await writeNewAuthority(draft));
    await siteMarks(paths, uid).set("authority");
    await rename(draft, folder);
    await syncFolder(paths.inputIssuers);
    return uid;
  } catch (cause) {
    if (draft !== undefined) await rm(draft, { recursive: true, force: true });
    if (uid !== undefined && uid !== await siteUid(paths)) await removeSiteState(paths, uid);
    if (isAppError(cause)) throw cause;
    // another process may have been faster
    if (await isThere(paths, folder)) return await requireSiteUid(paths);
    const why = explainSystemError(cause);
    throw appError("data-home-unusable", { path: paths.home, why }, { cause });
  }
}

/**
 * Removes what makers of authorities that were killed have left, keys among it. Who calls it holds
 * the namespace's lock.
 */
export async function removeAuthorityDrafts(paths: NamespacePaths): Promise<void> {
  for (const entry of await readdir(paths.state).catch((): string[] => [])) {
    if (!entry.startsWith(draftPrefix)) continue;
    await rm(join(paths.state, entry), { recursive: true, force: true });
  }
}

/** Removes the site's certificate authority from where `createSiteAuthority` made it. */
export async function removeSiteAuthority(paths: NamespacePaths): Promise<void> {
  await rm(join(paths.inputIssuers, siteIssuer), { recursive: true, force: true });
}

/** Removes all that this program keeps of the site with that uid. */
export async function removeSiteState(paths: NamespacePaths, uid: string): Promise<void> {
  await rm(siteStatePaths(paths, uid).root, { recursive: true, force: true });
}

async function writeNewAuthority(folder: string): Promise<string> {
  // upstream's programs sign with no other kind of key once they take the site over
  const options = { keyType: "rsa", pathLength: 1 } as const;
  const { certificatePem, privateKeyPem } = await createAuthority(siteIssuer, options);
  const texts = { "ca.crt": certificatePem, "tls.crt": certificatePem, "tls.key": privateKeyPem };
  for (const part of parts) {
    await writeWhole(join(folder, part), texts[part], { mode: 0o600, replace: "never" });
  }
  return certificatePem;
}

/** The uid of a site that has an authority; throws `site-issuer-missing` if that is broken. */
async function requireSiteUid(paths: NamespacePaths): Promise<string> {
  await readSiteAuthority(paths, siteIssuer);
  const uid = await siteUid(paths);
  if (uid === undefined) throw issuerMissing(paths, siteIssuer, "has a broken certificate");
  return uid;
}

/** The certificate that each namespace's uid was derived from last, and that uid. */
const knownUids = new Map<string, { certificatePem: string; uid: string }>();

/** Synchronous, as each redemption asks several times, and a thread would take longer. */
function readSiteUid(paths: NamespacePaths): string | undefined {
  const folder = findAuthorityFolder(paths, siteIssuer);
  if (folder === undefined) return undefined;
  try {
    const certificatePem = readFileSync(join(folder, "tls.crt"), "utf8");
    let known = knownUids.get(paths.inputIssuers);
    if (known?.certificatePem !== certificatePem) {
      known = { certificatePem, uid: uidOf(paths, certificatePem) };
      knownUids.set(paths.inputIssuers, known);
    }
    return known.uid;
  } catch (cause) {
    const code = systemErrorCode(cause);
    // whatever is wrong with the certificate is told where something is to be signed
    if (code === undefined || isAbsence(code)) return undefined;
    throw notReadable(folder, cause);
  }
}

function isPresent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    if (isAbsence(systemErrorCode(cause))) return false;
    throw notReadable(path, cause);
  }
}

function isAbsence(code: string | undefined): boolean {
  return code === "ENOENT" || code === "ENOTDIR";
}

function notReadable(path: string, cause: unknown) {
  return appError("not-readable", { path, why: explainSystemError(cause) }, { cause });
}

function uidOf(paths: NamespacePaths, certificatePem: string): string {
  return derivedUid(paths.namespace, new X509Certificate(certificatePem).raw);
}

/** True if there is an authority, or the user's beginnings of one. */
async function isThere(paths: NamespacePaths, folder: string): Promise<boolean> {
  if (findAuthorityFolder(paths, siteIssuer) !== undefined) return true;
  return (await readdir(folder).catch((): string[] => [])).length > 0;
}

function missingParts(folder: string): string[] {
  return parts.filter((part) => !isPresent(join(folder, part)));
}

function issuerMissing(paths: NamespacePaths, issuer: string, why: string, cause?: unknown) {
  return appError("site-issuer-missing", { namespace: paths.namespace, issuer, why }, { cause });
}
