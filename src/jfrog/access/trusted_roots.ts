import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, rootCertificates } from "node:tls";
import { appError } from "../../errors/app_error.ts";
import { trustedCertificates } from "../config/home.ts";
import { explainSystemError, systemErrorCode } from "../../runtime/system_error.ts";

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
 * The authorities that servers are trusted by, as PEM: the system's, or what SSL_CERT_FILE and
 * SSL_CERT_DIR name instead; those of NODE_EXTRA_CA_CERTS; and those in `<home>/security/certs`
 * (docs/spec/jfrog.md 7). What is no certificate there is passed over. Throws `not-readable`.
 */
export function trustedRoots(home: string, env: Record<string, string | undefined>): string[] {
  const extra = env["NODE_EXTRA_CA_CERTS"];
  const texts = [
    ...systemRoots(env),
    ...extra ? [readOwn(extra)] : [],
    ...filesOf(trustedCertificates(home)).flatMap((file) => certificatesOf(readOwn(file))),
  ];
  // a bundle is often named twice, and takes milliseconds to read
  return [...new Set(texts)].filter((text) => text.includes("-----BEGIN CERTIFICATE-----"));
}

function systemRoots(env: Record<string, string | undefined>): string[] {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: folders } = env;
  if (file || folders) {
    const files = (folders ?? "").split(":").filter(Boolean).flatMap(filesOf);
    return [...file ? [readOwn(file)] : [], ...files.flatMap((each) => readIfThere(each) ?? [])];
  }
  for (const bundle of bundles) {
    const text = readIfThere(bundle);
    if (text !== undefined) return [text];
  }
  const system = getCACertificates("system");
  return system.length > 0 ? system : [...rootCertificates];
}

/**
 * Reads a file that the user named or put there for us. The user must learn if it can't be read.
 */
function readOwn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw appError("not-readable", { path: file, why: explainSystemError(cause) }, { cause });
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** The files in a folder, none if it is not there. Throws `not-readable`. */
function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort().map((name) => join(folder, name))
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return [];
    throw appError("not-readable", { path: folder, why: explainSystemError(cause) }, { cause });
  }
}

/**
 * The valid certificates in a PEM text. An invalid one would keep every connection from being made.
 */
function certificatesOf(text: string): string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.filter((block) => {
    try {
      return new X509Certificate(block) !== undefined;
    } catch {
      return false;
    }
  });
}
