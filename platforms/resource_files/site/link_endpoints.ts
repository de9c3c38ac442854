import type { Endpoint } from "../../../src/resources/resource.ts";
import { linkRoles, type RouterAccess } from "../../../src/resources/router_access.ts";
import { isNameable } from "./link_hosts.ts";

type LinkRole = keyof typeof linkRoles;

/** The group of all addresses of a site's one router, as upstream names it. */
const routerGroup = "skupper-router";

/** True if links connect there: found by role, since upstream's names of it vary. */
export function takesLinks(access: RouterAccess): boolean {
  return access.spec?.roles.some(({ name }) => Object.hasOwn(linkRoles, name)) ?? false;
}

/** A RouterAccess, and its host; undefined where none is known. */
export interface HostedAccess {
  access: RouterAccess;
  host: string | undefined;
}

/** One endpoint for each role that links connect to, of the first that has the role and a host. */
export function linkEndpoints(accesses: readonly HostedAccess[]): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (const name of Object.keys(linkRoles) as LinkRole[]) { // keys of that very object
    for (const { access, host } of accesses) {
      const role = access.spec?.roles.find((role) => role.name === name);
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
