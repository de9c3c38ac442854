import { rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { appError } from "../../../src/errors/app_error.ts";
import type { SiteFounder } from "../../../src/platform/abilities.ts";
import { checkLabel } from "../../../src/resources/names.ts";
import type { Site } from "../../../src/resources/site.ts";
import { keepLinkHosts } from "./chosen_hosts.ts";
import { allowLinks, type LinkAccessSetup } from "./link_access.ts";
import { checkLinkHost } from "./link_hosts.ts";
import { forgetPlatform, notePlatform } from "../namespace_platform.ts";
import type { NamespacePaths } from "../paths.ts";
import { findDependents } from "../store/resource_reader.ts";
import { removePlaces } from "../store/resource_writer.ts";
import {
  createSiteAuthority,
  removeSiteAuthority,
  removeSiteState,
  siteUid,
} from "./site_authority.ts";
import { siteMarks } from "./site_marks.ts";
import { takesRemoteLinks } from "./site_status.ts";
import { isStarted, startCommand } from "../started_namespace.ts";
import { withLock } from "../store/store.ts";

/**
 * Founds sites as files that a later `skupper system start` adopts. A namespace that upstream started
 * stays as it is: all but the choice of link hosts is refused with `namespace-foreign`.
 */
export function siteFounder(setup: LinkAccessSetup): SiteFounder {
  const { paths, platform } = setup;
  return {
    async found(site, linkHosts, signal) {
      const { name } = site.metadata;
      checkLabel(name, "the site name"); // upstream starts no site whose name has dots
      const hosts = linkHosts.map(checkLinkHost);
      if (await isStarted(paths)) return await chooseHosts(setup, site, hosts, signal);
      signal.throwIfAborted();
      const marks = siteMarks(paths, await createSiteAuthority(paths));
      await notePlatform(paths, platform.name);
      if (takesRemoteLinks(site)) {
        await allowLinks(setup, site, hosts, marks, signal);
      } else if (await marks.has(`RouterAccess-${name}`)) {
        await platform.remove("RouterAccess", name, signal);
        await marks.clear(`RouterAccess-${name}`);
      }
    },

    /** Removes the Site too, after all that is found by it: whoever is killed before can do it again. */
    async dissolve(site, everything, signal) {
      const { name } = site.metadata;
      await refuseForeign(paths);
      const uid = await siteUid(paths);
      const marks = uid === undefined ? undefined : siteMarks(paths, uid);
      if (everything) await removeEverything(setup, signal);
      if (await marks?.has(`RouterAccess-${name}`)) {
        await platform.remove("RouterAccess", name, signal);
      }
      if (await marks?.has("authority")) {
        await removeSiteAuthority(paths);
        // without the authority nothing can come back to any of it
        await rm(paths.state, { recursive: true, force: true });
      } else if (everything && uid !== undefined) {
        await removeSiteState(paths, uid);
      }
      await forgetPlatform(paths);
      await platform.remove("Site", name, signal);
      await removeEmptyFolders(paths);
    },
  };
}

/** Throws `namespace-foreign` for a namespace that upstream made or runs. */
async function refuseForeign(paths: NamespacePaths): Promise<void> {
  if (!await isStarted(paths)) return;
  throw appError("namespace-foreign", {
    namespace: paths.namespace,
    why: '"skupper system start" made it',
    instead: "Use the skupper command for it, or choose another namespace.",
  });
}

/** Of a site that upstream started, nothing but the hosts its links connect to is chosen here. */
async function chooseHosts(
  { paths, platform }: LinkAccessSetup,
  site: Site,
  hosts: string[],
  signal: AbortSignal,
): Promise<void> {
  const present = await platform.get("Site", site.metadata.name, signal);
  if (hosts.length === 0 || !isDeepStrictEqual(site.spec, present?.spec)) {
    throw appError("namespace-foreign", {
      namespace: paths.namespace,
      why: '"skupper system start" made it',
      instead: `Use "skupper site update" for it, then "${await startCommand(
        paths,
        platform.name,
      )}"`,
    });
  }
  await keepLinkHosts(paths, hosts);
}

/**
 * Tokens first, so that nothing new is made of them; a link before the Secret it needs. Kinds that the
 * platform does not store, such as Listener and Connector, are removed as documents.
 */
async function removeEverything(
  { paths, platform }: LinkAccessSetup,
  signal: AbortSignal,
): Promise<void> {
  const links = await platform.list("Link", signal);
  for (const kind of ["AccessToken", "AccessGrant", "Link", "RouterAccess"] as const) {
    for (const { metadata } of await platform.list(kind, signal)) {
      await platform.remove(kind, metadata.name, signal);
    }
  }
  await withLock(paths, signal, async () => {
    await removePlaces(await findDependents(paths.inputResources));
  });
  for (const { spec } of links) {
    if (spec?.tlsCredentials) await platform.remove("Secret", spec.tlsCredentials, signal);
  }
}

async function removeEmptyFolders(paths: NamespacePaths): Promise<void> {
  const { inputResources, inputIssuers, inputCerts, root } = paths;
  for (const folder of [inputResources, inputIssuers, inputCerts, dirname(inputResources), root]) {
    await rmdir(folder).catch(() => {}); // not empty, or never made
  }
}
