import { X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { appError } from "../../src/errors/app_error.ts";
import { isSubdomain } from "../../src/resources/names.ts";
import { siteIssuer } from "../../src/resources/site.ts";
import { derivedUid } from "./derived_uid.ts";
import type { NamespacePaths } from "./paths.ts";

/** A certificate authority as its folder holds it. */
export interface AuthorityFiles {
  certificatePem: string;
  privateKeyPem: string;
}

/** What makes the folder of a certificate authority complete; upstream ignores any other one. */
const parts = ["ca.crt", "tls.crt", "tls.key"] as const;

/**
 * The uid of the namespace's site: derived from its certificate authority, so that a namespace torn
 * down and made anew honours nothing old, and one that `skupper system start` adopts keeps all.
 * Undefined while there is none.
 */
export async function siteUid(paths: NamespacePaths): Promise<string | undefined> {
  const folder = await findAuthorityFolder(paths, siteIssuer);
  if (folder === undefined) return undefined;
  try {
    const certificate = new X509Certificate(await readFile(join(folder, "tls.crt")));
    return derivedUid(paths.namespace, certificate.raw);
  } catch {
    // whatever is wrong with the certificate is told where something is to be signed
    return undefined;
  }
}

/**
 * The folder of that authority, if it is complete: the one the user supplied, which upstream
 * prefers too, else the one that `skupper system start` made (spec/skupper-system-sites.md 3).
 */
export async function findAuthorityFolder(
  paths: NamespacePaths,
  issuer: string,
): Promise<string | undefined> {
  if (!isSubdomain(issuer)) return undefined;
  for (const issuers of [paths.inputIssuers, paths.runtimeIssuers]) {
    const folder = join(issuers, issuer);
    if ((await missingParts(folder)).length === 0) return folder;
  }
  return undefined;
}

/** Certificate and key of that authority; throws `site-issuer-missing` with the reason. */
export async function readAuthority(
  paths: NamespacePaths,
  issuer: string,
): Promise<AuthorityFiles> {
  const folder = await findAuthorityFolder(paths, issuer);
  if (folder === undefined) {
    const missing = isSubdomain(issuer)
      ? await missingParts(join(paths.inputIssuers, issuer))
      : parts;
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
    throw issuerMissing(paths, issuer, `cannot be read: ${(cause as Error).message}`, cause);
  }
}

async function missingParts(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return parts.filter((part) => !names.includes(part));
}

function issuerMissing(paths: NamespacePaths, issuer: string, why: string, cause?: unknown) {
  return appError("site-issuer-missing", { namespace: paths.namespace, issuer, why }, { cause });
}
