import { isIP } from "node:net";
import { certificatesIn, readCertificate } from "../../../src/pki/certificate.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { isSubdomain } from "../../../src/resources/names.ts";
import { siteIssuer } from "../../../src/resources/site.ts";
import { readLinkHosts } from "./chosen_hosts.ts";
import { declaredHost, type HostedAccess, takesLinks } from "./link_endpoints.ts";
import { isReachable } from "./link_hosts.ts";
import type { NamespacePaths } from "../paths.ts";
import type { RouterAccess } from "../../../src/resources/router_access.ts";
import {
  isStarted,
  readRenderedAccesses,
  readRenderedCertificate,
  readSuppliedCertificate,
} from "../started_namespace.ts";

/** A RouterAccess that links connect to, with the host that remote sites know. */
export interface LinkListener extends HostedAccess {
  /** The certificate authorities that its router trusts; undefined while none was rendered. */
  trusted?: string[];
}

/**
 * The listeners for links. Where upstream started the namespace, they are those that the router was
 * given; else those that are declared. `platform` is the namespace's store.
 */
export async function readLinkListeners(
  paths: NamespacePaths,
  platform: Platform,
  signal: AbortSignal,
): Promise<LinkListener[]> {
  if (!await isStarted(paths)) {
    const declared = (await platform.list("RouterAccess", signal)).filter(takesLinks);
    return declared.map((access) => ({ access, host: declaredHost(access) }));
  }
  const [chosen] = await readLinkHosts(paths);
  const accesses = (await readRenderedAccesses(paths)).filter(takesLinks);
  return await Promise.all(accesses.map(async (access) => {
    const credentials = access.spec?.tlsCredentials || access.metadata.name;
    const certificate = await readRenderedCertificate(paths, credentials, "tls.crt");
    const authorities = await readRenderedCertificate(paths, credentials, "ca.crt");
    const host = chosen ?? certifiedHost(certificate) ?? declaredHost(access);
    return { access, host, trusted: certificatesIn(authorities ?? "") };
  }));
}

/**
 * What a RouterAccess' listener shows and trusts: what its router was given, else what its user put
 * into input/certs for it; undefined where upstream makes it of the RouterAccess.
 */
export async function readShown(
  paths: NamespacePaths,
  { metadata, spec }: RouterAccess,
): Promise<{ certificate: string; authorities: string } | undefined> {
  const credentials = spec?.tlsCredentials || metadata.name;
  const read = await isStarted(paths) ? readRenderedCertificate : readSuppliedCertificate;
  const [certificate, authorities] = await Promise.all([
    read(paths, credentials, "tls.crt"),
    read(paths, credentials, "ca.crt"),
  ]);
  if (certificate === undefined || authorities === undefined) return undefined;
  return { certificate, authorities };
}

/**
 * The CA that a RouterAccess' listener trusts where nobody supplies another
 * (docs/spec/skupper-system-sites.md 3).
 */
export function issuerOf({ access }: LinkListener): string {
  return access.spec?.issuer || siteIssuer;
}

/**
 * The host that the router's own certificate bears: what upstream declares is every address of the
 * machine (docs/spec/skupper-system-sites.md 11.7).
 */
function certifiedHost(certificatePem: string | undefined): string | undefined {
  if (certificatePem === undefined) return undefined;
  try {
    const { dnsNames, ipAddresses } = readCertificate(certificatePem);
    const names = dnsNames.map((name) => name.toLowerCase()).filter(isSubdomain); // no wildcard
    const hosts = [...names, ...ipAddresses].filter(isReachable);
    return hosts.toSorted((a, b) => rank(a) - rank(b))[0];
  } catch {
    return undefined;
  }
}

/** A qualified name outlives an address, and a bare name means nothing elsewhere. */
function rank(host: string): number {
  const version = isIP(host);
  if (version === 0) return host.includes(".") ? 0 : 3;
  return version === 4 ? 1 : 2;
}
