import { rm } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { appError } from "../../../src/errors/app_error.ts";
import type { SiteFounder } from "../../../src/platform/abilities.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { redeemedToken } from "../../../src/resources/access_token.ts";
import { checkLabel } from "../../../src/resources/names.ts";
import type { Site } from "../../../src/resources/site.ts";
import { hasLostAuthority, refuseLostAuthority } from "./lost_authority.ts";
import { keepLinkHosts } from "./chosen_hosts.ts";
import { foundingUndo, removeEmptyFolders } from "./founding_undo.ts";
import { allowLinks, type LinkAccessSetup } from "./link_access.ts";
import { takesLinks } from "./link_endpoints.ts";
import { checkLinkHost } from "./link_hosts.ts";
import { forgetPlatform, notePlatform, readPlatform } from "../namespace_platform.ts";
import type { NamespacePaths } from "../paths.ts";
import { findDependents } from "../store/resource_reader.ts";
import { removePlaces } from "../store/resource_writer.ts";
import {
  createSiteAuthority,
  removeAuthorityDrafts,
  removeSiteAuthority,
  removeSiteState,
  siteUid,
} from "./site_authority.ts";
import { siteMarks } from "./site_marks.ts";
import { takesRemoteLinks } from "./site_status.ts";
import { isStarted, startCommand } from "../started_namespace.ts";

/** Where sites are founded. */
export interface FounderSetup extends LinkAccessSetup {
  /** Does work as the only one that writes to the namespace, with a store for it. */
  whileHeld<T>(signal: AbortSignal, work: (platform: Platform) => Promise<T>): Promise<T>;
}

/**
 * Founds sites as files that a later `skupper system start` adopts. A namespace that upstream
 * started stays as it is: all but the choice of link hosts is refused with `namespace-foreign`.
 */
export function siteFounder(setup: FounderSetup): SiteFounder {
  const { paths } = setup;
  return {
    found: (site, linkHosts, signal) =>
      foundSite(setup, site, linkHosts ?? [], signal, { keepAccess: linkHosts === undefined }),

    /**
     * Nobody else writes to the namespace meanwhile: what belongs to the site comes before or not
     * at all.
     */
    async dissolve(site, everything, signal) {
      await refuseForeign(paths);
      await setup.whileHeld(signal, async (held) => {
        await requireSame(held, site, signal);
        await dissolveHeld(paths, held, site, everything, signal);
      });
    },
  };
}

/**
 * Founds a site as `SiteFounder` has it. With `keepAccess` a RouterAccess that links connect to
 * stays as its user wrote it, where there is one; with `keepPlatform` so does the note of what the
 * namespace was made with.
 */
export async function foundSite(
  setup: FounderSetup,
  site: Site,
  linkHosts: string[],
  signal: AbortSignal,
  { keepAccess = false, keepPlatform = false }: { keepAccess?: boolean; keepPlatform?: boolean } =
    {},
): Promise<Site> {
  const { paths } = setup;
  const { name } = site.metadata;
  checkLabel(name, "the site name"); // upstream starts no site whose name has dots
  const hosts = linkHosts.map(checkLinkHost);
  return await setup.whileHeld(signal, async (platform) => {
    const held = { ...setup, platform };
    if (await isStarted(paths)) return await chooseHosts(held, site, hosts, signal);
    // who founds what a file describes tries again, with what is made by then
    const undo = keepPlatform ? undefined : await foundingUndo(paths, platform, name, signal);
    try {
      return await foundHeld(held, site, hosts, signal, { keepAccess, keepPlatform });
    } catch (error) {
      await undo?.().catch(() => {}); // what ended it matters more
      throw error;
    }
  });
}

/** As `foundSite`, for who holds the namespace's lock. */
async function foundHeld(
  held: LinkAccessSetup,
  site: Site,
  hosts: string[],
  signal: AbortSignal,
  { keepAccess, keepPlatform }: { keepAccess: boolean; keepPlatform: boolean },
): Promise<Site> {
  const { paths, platform } = held;
  const { name } = site.metadata;
  // a site that was deleted or made meanwhile is none to make anything for
  await platform.apply<"Site">(site, signal, { dryRun: true });
  const isThere = await platform.get("Site", name, signal) !== undefined;
  const refuse = async () => isThere ? await refuseLostAuthority(paths) : undefined;
  if (await siteUid(paths) === undefined) await refuse();
  await removeAuthorityDrafts(paths);
  // asked again where it is found to be missing: it may have been there a moment ago
  const marks = siteMarks(paths, await createSiteAuthority(paths, refuse));
  // a controller serves the namespaces of other platforms too
  if (!keepPlatform || await readPlatform(paths) === undefined) {
    await notePlatform(paths, platform.name);
  }
  if (takesRemoteLinks(site)) {
    const accesses = keepAccess ? await platform.list("RouterAccess", signal) : [];
    if (!accesses.some(takesLinks)) await allowLinks(held, site, hosts, marks, signal);
  } else if (await marks.has(`RouterAccess-${name}`)) {
    await platform.remove("RouterAccess", name, signal);
    await marks.clear(`RouterAccess-${name}`);
  }
  return await platform.apply<"Site">(site, signal);
}

/**
 * Throws `conflict` if there is another Site than the one that is meant; none at all is as good.
 */
async function requireSame(
  platform: Platform,
  site: Site | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const { kind, metadata: { name, uid } } of await platform.list("Site", signal)) {
    const isMeant = site !== undefined && site.metadata.name === name &&
      uid === (site.metadata.uid ?? uid);
    const isBeside = site !== undefined && site.metadata.name !== name;
    if (!isMeant && !isBeside) throw appError("conflict", { kind, name });
  }
}

/**
 * Removes the Site last, since all else is found by it. A command that is killed before can be run
 * again.
 */
async function dissolveHeld(
  paths: NamespacePaths,
  platform: Platform,
  site: Site | undefined,
  everything: boolean,
  signal: AbortSignal,
): Promise<void> {
  const name = site?.metadata.name;
  const uid = await siteUid(paths);
  const marks = uid === undefined ? undefined : siteMarks(paths, uid);
  if (everything) await removeEverything(paths, platform, signal);
  if (name !== undefined && await marks?.has(`RouterAccess-${name}`)) {
    await platform.remove("RouterAccess", name, signal);
  }
  const isOurs = marks === undefined ? await hasLostAuthority(paths) : await marks.has("authority");
  if (isOurs) await removeSiteAuthority(paths);
  if (isOurs || everything && uid === undefined) {
    // without the authority nothing can come back to any of it
    await rm(paths.state, { recursive: true, force: true });
  } else if (everything && uid !== undefined) {
    await removeSiteState(paths, uid);
  }
  await forgetPlatform(paths);
  if (name !== undefined) await platform.remove("Site", name, signal);
  await removeEmptyFolders(paths);
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
): Promise<Site> {
  const present = await platform.get("Site", site.metadata.name, signal);
  if (hosts.length === 0 || present === undefined || !isDeepStrictEqual(site.spec, present.spec)) {
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
  return await platform.get("Site", site.metadata.name, signal) ?? present;
}

/**
 * Tokens first, so that nothing new is made of them; a link before the Secret it needs. Kinds that
 * the platform does not store, such as Listener and Connector, are removed as documents. Who calls
 * it holds the namespace's lock.
 */
async function removeEverything(
  paths: NamespacePaths,
  platform: Platform,
  signal: AbortSignal,
): Promise<void> {
  const links = await platform.list("Link", signal);
  for (const kind of ["AccessToken", "AccessGrant", "Link", "RouterAccess"] as const) {
    for (const { metadata } of await platform.list(kind, signal)) {
      await platform.remove(kind, metadata.name, signal);
    }
  }
  await removePlaces(await findDependents(paths.inputResources));
  const used = new Set(links.map(({ spec }) => spec?.tlsCredentials));
  for (const { metadata } of await platform.list("Secret", signal)) {
    // a token's Secret is there before its Links
    const isUsed = used.has(metadata.name) || metadata.annotations?.[redeemedToken] !== undefined;
    if (isUsed) await platform.remove("Secret", metadata.name, signal);
  }
}
