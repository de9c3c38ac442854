import { dirname, join } from "node:path";
import { apiVersion } from "../../../src/resources/resource.ts";
import { linkRoles, type RouterAccess } from "../../../src/resources/router_access.ts";
import { defaultIssuer, type Site } from "../../../src/resources/site.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { lock } from "../../../src/runtime/lock.ts";
import { findLinkHosts, type HostSources } from "./link_hosts.ts";
import { listNamespaces } from "../namespaces.ts";
import type { NamespacePaths } from "../paths.ts";
import { findFreePort } from "./ports.ts";
import type { SiteMarks } from "./site_marks.ts";
import { makeLastingFolder } from "../../../src/runtime/files.ts";

/** Where link access is given. */
export interface LinkAccessSetup {
  paths: NamespacePaths;
  /** The store of the site's namespace. */
  platform: Platform;
  /** The store of any namespace of the data home. */
  openNamespace(namespace: string): Platform;
  hosts: HostSources;
}

type Role = NonNullable<RouterAccess["spec"]>["roles"][number];

/**
 * Gives the site a RouterAccess of its name, which is where upstream looks for one before it makes
 * its own. Ports it has are kept, for they stand in tokens and links already; `hosts` are the
 * addresses links connect to, empty: those it has, else those of this machine.
 */
export async function allowLinks(
  setup: LinkAccessSetup,
  site: Site,
  hosts: string[],
  marks: SiteMarks,
  signal: AbortSignal,
): Promise<void> {
  const { paths, platform } = setup;
  const { name } = site.metadata;
  // two sites founded at once must not choose the same ports
  const lockFile = join(dirname(paths.lock), ".ports");
  await makeLastingFolder(dirname(lockFile));
  const held = await lock(lockFile, signal);
  try {
    const present = await platform.get("RouterAccess", name, signal);
    if (present === undefined) await marks.set(`RouterAccess-${name}`);
    const spec = present?.spec;
    const declared = spec?.subjectAlternativeNames ?? [];
    const names = [hosts, declared].find((each) => each.length > 0) ??
      await findLinkHosts(setup.hosts);
    const access: RouterAccess = {
      ...present,
      apiVersion,
      kind: "RouterAccess",
      metadata: present?.metadata ?? { name, resourceVersion: "" },
      spec: {
        ...spec,
        roles: await completeRoles(setup, spec?.roles ?? [], signal),
        tlsCredentials: spec?.tlsCredentials || name,
        issuer: spec?.issuer || defaultIssuer(site),
        ...(names.length > 0 ? { subjectAlternativeNames: names } : {}),
      },
    };
    await platform.apply<"RouterAccess">(access, signal);
  } finally {
    held.release();
  }
}

/** The roles as they are, and those that links need and are missing, each on a port of its own. */
async function completeRoles(
  setup: LinkAccessSetup,
  present: Role[],
  signal: AbortSignal,
): Promise<Role[]> {
  const roles = [...present];
  for (const [name, first] of Object.entries(linkRoles)) {
    if (present.some((role) => role.name === name)) continue;
    const taken = await takenPorts(setup, signal);
    for (const role of roles) taken.add(role.port ?? 0);
    roles.push({ name, port: await findFreePort(first, taken) });
  }
  return roles;
}

/** The ports that RouterAccesses of the data home name, whether a router runs there now or not. */
async function takenPorts(setup: LinkAccessSetup, signal: AbortSignal): Promise<Set<number>> {
  const taken = new Set<number>();
  for (const namespace of await listNamespaces(setup.paths.home)) {
    // a namespace that can't be read hides its ports only until its router listens on them
    const accesses = await setup.openNamespace(namespace).list("RouterAccess", signal)
      .catch(() => []);
    for (const { name, port } of accesses.flatMap((access) => access.spec?.roles ?? [])) {
      const usual = Object.entries(linkRoles).find(([role]) => role === name)?.[1];
      taken.add(port || (usual ?? 0));
    }
  }
  return taken;
}
