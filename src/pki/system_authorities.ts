import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, rootCertificates } from "node:tls";
import { appError } from "../errors/app_error.ts";
import { explainSystemError, systemErrorCode } from "../runtime/system_error.ts";

/**
 * Where Linux distributions keep the authorities they trust, as Go's crypto/x509 looks for them.
 */
const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * The authorities that this system trusts, as PEM texts of one or many: those of the distribution,
 * or what SSL_CERT_FILE and SSL_CERT_DIR name instead; and those of NODE_EXTRA_CA_CERTS. A text
 * without a certificate is left out. Throws `not-readable` for a file that a variable names.
 */
export function systemAuthorities(env: Record<string, string | undefined>): string[] {
  const extra = env["NODE_EXTRA_CA_CERTS"];
  const texts = [
    ...distributed(env),
    ...extra ? [readAuthorities(extra, "NODE_EXTRA_CA_CERTS")] : [],
  ];
  // a bundle is often named twice, and takes milliseconds to read
  return [...new Set(texts)].filter((text) => text.includes("-----BEGIN CERTIFICATE-----"));
}

function distributed(env: Record<string, string | undefined>): string[] {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: folders } = env;
  if (file || folders) {
    const files = (folders ?? "").split(":").filter(Boolean).flatMap(listFiles);
    return [
      ...file ? [readAuthorities(file, "SSL_CERT_FILE")] : [],
      ...files.flatMap((each) => readIfThere(each) ?? []),
    ];
  }
  for (const bundle of bundles) {
    const text = readIfThere(bundle);
    if (text !== undefined) return [text];
  }
  const system = getCACertificates("system");
  return system.length > 0 ? system : [...rootCertificates];
}

/**
 * Reads a file of authorities that a user put there, or named by a variable. Throws `not-readable`,
 * which names the variable: it may have been set for another program.
 */
export function readAuthorities(file: string, variable?: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const named = variable === undefined ? "" : `; ${variable} names it`;
    const why = explainSystemError(cause) + named;
    throw appError("not-readable", { path: file, why }, { cause });
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** The files in a folder in order, none if it is not there. Throws `not-readable`. */
export function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).sort().map((name) => join(folder, name))
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return [];
    throw appError("not-readable", { path: folder, why: explainSystemError(cause) }, { cause });
  }
}
