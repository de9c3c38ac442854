import { isDeepStrictEqual } from "node:util";
import { appError, isAppError } from "../errors/app_error.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";
import { kindsInOrder } from "../resources/kind_words.ts";
import type { Kind, Resource } from "../resources/kinds.ts";
import type { Site } from "../resources/site.ts";
import type { ManifestItem } from "./manifest_files.ts";

/** What became of a resource, as kubectl words it. */
export type AppliedChange = "created" | "configured" | "unchanged";

/** A resource to apply, and the platform with its namespace. */
export interface Application extends ManifestItem {
  platform: PlatformWithAbilities;
}

/** The order in which nothing waits for what is yet to come; else as it stands in the files. */
export function inOrder<T extends { resource: Resource }>(all: T[]): T[] {
  return all.toSorted((a, b) => rank(a.resource) - rank(b.resource));
}

function rank({ kind }: Resource): number {
  return kindsInOrder.indexOf(kind);
}

/**
 * Sees that each can be applied, as far as that can be known, before any is. Throws
 * `resource-invalid` for two of one name, `site-exists`, `site-missing`, and what the platform
 * throws.
 */
export async function rehearse(all: Application[], signal: AbortSignal): Promise<void> {
  const seen = new Map<string, string>();
  for (const { resource, platform, where } of all) {
    const { kind, metadata: { name } } = resource;
    const key = `${platform.namespace}/${kind}/${name}`;
    const before = seen.get(key);
    if (before !== undefined) {
      throw appError("resource-invalid", {
        where,
        why: `${kind} "${name}" stands in ${before} too`,
      });
    }
    seen.set(key, where);
  }
  const founded = new Set(
    all.filter(({ resource }) => resource.kind === "Site").map(({ platform }) =>
      platform.namespace
    ),
  );
  for (const { resource, platform } of all) {
    if (resource.kind === "Site") await requireOnlySite(all, resource, platform, signal);
    // nothing of a site's can be stored before the site, which comes first
    if (resource.kind !== "Site" && founded.has(platform.namespace)) continue;
    await applyOnce(platform, resource, signal, true);
  }
}

/** Where sites are founded here, a namespace has one. */
async function requireOnlySite(
  all: Application[],
  site: Site,
  platform: PlatformWithAbilities,
  signal: AbortSignal,
): Promise<void> {
  if (platform.siteFounder === undefined) return;
  const { namespace } = platform;
  const names = [
    ...(await platform.list("Site", signal)).map(({ metadata }) => metadata.name),
    ...all.filter((one) => one.platform.namespace === namespace && one.resource.kind === "Site")
      .map(({ resource }) => resource.metadata.name),
  ];
  const other = names.find((name) => name !== site.metadata.name);
  if (other === undefined) return;
  throw appError("site-exists", { site: other, namespace, wanted: site.metadata.name });
}

/** How often what is changed by others at the same time is read and written anew. */
const tries = 10;

/**
 * Has a resource be as the file says: its spec, or a Secret's data, is replaced; labels and
 * annotations of others stay. Throws `conflict` if others never cease to change it, and what the
 * platform throws.
 */
export async function applyManifest(
  platform: PlatformWithAbilities,
  resource: Resource,
  signal: AbortSignal,
): Promise<AppliedChange> {
  for (let left = tries;; left--) {
    try {
      return await applyOnce(platform, resource, signal, false);
    } catch (error) {
      if (left === 1 || !isAppError(error, "conflict")) throw error;
    }
  }
}

async function applyOnce(
  platform: PlatformWithAbilities,
  wanted: Resource,
  signal: AbortSignal,
  dryRun: boolean,
): Promise<AppliedChange> {
  const { kind, metadata } = wanted;
  const stored = await platform.get(kind, metadata.name, signal) as Resource | undefined;
  const next = stored === undefined
    ? { ...wanted, metadata: { ...metadata, resourceVersion: "" } } as Resource
    : succeeding(stored, wanted);
  if (stored !== undefined && isDeepStrictEqual(next, stored)) return "unchanged";
  const after = next.kind === "Site" && !dryRun && platform.siteFounder !== undefined
    ? await platform.siteFounder.found(next, undefined, signal)
    : await platform.apply<Kind>(next, signal, { dryRun });
  if (stored === undefined) return "created";
  // an API server that fills fields in has nothing to change then
  const isSame = after.metadata.resourceVersion === stored.metadata.resourceVersion;
  return isSame && !dryRun ? "unchanged" : "configured";
}

/** What is stored, with all that the file says in its place. */
function succeeding(stored: Resource, wanted: Resource): Resource {
  const { labels, annotations } = stored.metadata;
  const merged = {
    ...stored.metadata,
    ...withMore("labels", labels, wanted.metadata.labels),
    ...withMore("annotations", annotations, wanted.metadata.annotations),
  };
  const { metadata: _, apiVersion: _version, ...said } = wanted;
  const kept = wanted.kind === "Secret" ? stored : withoutSpec(stored);
  return { ...kept, ...said, metadata: merged } as Resource;
}

function withoutSpec(stored: Resource): object {
  const { spec: _, ...rest } = stored as Resource & { spec?: unknown };
  return rest;
}

function withMore(
  field: "labels" | "annotations",
  before: Record<string, string> | null | undefined,
  more: Record<string, string> | null | undefined,
): object {
  return more ? { [field]: { ...before, ...more } } : {};
}
