import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { readCertificate } from "../../src/pki/certificate.ts";
import { isSubdomain } from "../../src/resources/names.ts";
import type { Endpoint } from "../../src/resources/resource.ts";
import { linkRoles, type RouterAccess } from "../../src/resources/router_access.ts";
import { isNameable, isReachable } from "./link_hosts.ts";
import type { NamespacePaths } from "./paths.ts";

type LinkRole = keyof typeof linkRoles;

/** The group of all addresses of a site's one router, as upstream names it. */
const routerGroup = "skupper-router";

/** True if links connect there: found by role, since upstream's names of it vary. */
export function takesLinks(access: RouterAccess): boolean {
  return access.spec?.roles.some(({ name }) => Object.hasOwn(linkRoles, name)) ?? false;
}

/**
 * One endpoint for each role that links connect to, of the first RouterAccess that has the role and
 * a host; `hosts` is the host of each, undefined where none is known.
 */
export function linkEndpoints(
  accesses: readonly RouterAccess[],
  hosts: readonly (string | undefined)[],
): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (const name of Object.keys(linkRoles) as LinkRole[]) { // keys of that very object
    for (const [place, access] of accesses.entries()) {
      const role = access.spec?.roles.find((role) => role.name === name);
      const host = hosts[place];
      if (role === undefined || host === undefined) continue;
      endpoints.push({
        name,
        host,
        port: String(role.port || linkRoles[name]),
        group: routerGroup,
      });
      break;
    }
  }
  return endpoints;
}

/** The host its maker names, best first; loopback only counts here because somebody wrote it. */
export function declaredHost(access: RouterAccess): string | undefined {
  const { subjectAlternativeNames = [], bindHost = "" } = access.spec ?? {};
  return [...subjectAlternativeNames, bindHost].find((host) => host !== "" && isNameable(host));
}

/**
 * The host that the router's own certificate bears, where upstream made one: what it declares is
 * every address of the machine (spec/skupper-system-sites.md 11.7).
 */
export async function certifiedHost(
  paths: NamespacePaths,
  access: RouterAccess,
): Promise<string | undefined> {
  const credentials = access.spec?.tlsCredentials || access.metadata.name;
  if (!isSubdomain(credentials)) return undefined;
  const path = join(paths.runtimeCerts, credentials, "tls.crt");
  const pem = await readFile(path, "utf8").catch(() => undefined);
  if (pem === undefined) return undefined;
  try {
    const { dnsNames, ipAddresses } = readCertificate(pem);
    const hosts = [...dnsNames, ...ipAddresses].filter(isReachable);
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
