import { X509Certificate } from "node:crypto";
import { listFiles, readAuthorities, systemAuthorities } from "../../pki/system_authorities.ts";
import { trustedCertificates } from "../config/home.ts";

/**
 * The authorities that servers are trusted by, as PEM: the system's, and those in
 * `<home>/security/certs` (docs/spec/jfrog.md 7). What is no certificate there is passed over.
 * Throws `not-readable`.
 */
export function trustedRoots(home: string, env: Record<string, string | undefined>): string[] {
  const own = listFiles(trustedCertificates(home)).map((file) => readAuthorities(file)).flatMap(
    certificatesOf,
  );
  return [...new Set([...systemAuthorities(env), ...own])];
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
