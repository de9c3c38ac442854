import { certificatesIn } from "../pki/certificate.ts";
import { findAuthority, isRoot, pathUp } from "../pki/server_chain.ts";
import { systemAuthorities } from "../pki/system_authorities.ts";

/** What a site's router shows to those that link to it, as texts that hold PEM. */
export interface ListenerCertificate {
  /** The server's, and those above it that it shows. */
  certificate: string;
  /** What it trusts, which may have signed it. */
  authorities: string;
}

/**
 * The authorities, PEM, that sign what the listeners show, and that a link must trust beside the
 * issuer of its own certificate; empty where that issuer has signed them all. A certificate that
 * can't be read is passed over: what is wrong with it, its router tells.
 */
export function listenerAuthorities(
  issuerPem: string,
  listeners: readonly ListenerCertificate[],
): string {
  const found = listeners.map((listener) => authorityOf(issuerPem, listener));
  return [...new Set(found)].join("");
}

function authorityOf(
  issuerPem: string,
  { certificate, authorities }: ListenerCertificate,
): string {
  const chain = { certificates: certificatesIn(certificate) };
  if (chain.certificates.length === 0) return "";
  if (findAuthority(chain, certificatesIn(issuerPem)) !== undefined) return "";
  const top = pathUp(chain).at(-1)!;
  return findAuthority(chain, certificatesIn(authorities)) ??
    (isRoot(top) ? top : undefined) ??
    findAuthority(chain, systemAuthorities({}).flatMap(certificatesIn)) ?? top;
}
