import { isDeepStrictEqual } from "node:util";
import { appError } from "../../../src/errors/app_error.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import type { Link } from "../../../src/resources/link.ts";
import type { BaseStatus, Metadata } from "../../../src/resources/resource.ts";
import type { RouterAccess } from "../../../src/resources/router_access.ts";
import type { Site } from "../../../src/resources/site.ts";
import { derivedUid } from "./derived_uid.ts";
import type { NamespacePaths } from "../paths.ts";
import { type FolderReading, type FoundResource, readFolder } from "./resource_reader.ts";
import { putResource, removeResource } from "./resource_writer.ts";
import {
  contentVersion,
  copyAsStored,
  type Shelf,
  type ShelfEntry,
  withoutState,
} from "./shelf.ts";
import { isStarted } from "../started_namespace.ts";
import type { StoreHooks } from "./store_hooks.ts";

/**
 * Keeps the kinds that upstream reads too, in the namespace's input. Their files hold what a user
 * writes and no more: uid and status are those of upstream's runtime where there is one, else
 * derived when asked for; the generation is always 1, as such a status is always up to date.
 */
export function inputShelf(paths: NamespacePaths, hooks: StoreHooks): Shelf {
  const { namespace } = paths;

  /** What upstream made of the input; undefined in a namespace of ours. */
  async function readRuntime<K extends Kind>(kind: K): Promise<FolderReading<K> | undefined> {
    if (!await isStarted(paths)) return undefined;
    return await readFolder(paths.runtimeResources, kind, namespace);
  }

  /**
   * What upstream keeps in its runtime alone: the RouterAccess it makes for link access, and Links with
   * Secrets of tokens it redeemed itself. Others left there were in the input once, and are gone.
   */
  async function onlyRendered<K extends Kind>(
    kind: K,
    runtime: FolderReading<K> | undefined,
  ): Promise<[string, FoundResource<K>][]> {
    if (runtime === undefined || kind === "Site") return [];
    const found = [...runtime.resources];
    if (kind === "RouterAccess") return found;
    const inputThen = await readFolder(paths.snapshot, kind, namespace);
    return found.filter(([name]) => !inputThen.resources.has(name));
  }

  function refuseRendered(kind: Kind, name: string): never {
    throw appError("namespace-foreign", {
      namespace,
      why: `"skupper system start" made ${kind} "${name}", which is not in its input`,
    });
  }

  async function complete<K extends Kind>(
    kind: K,
    given: ResourceOf<K>,
    runtime: FolderReading<K> | undefined,
  ): Promise<ResourceOf<K>> {
    const resource = withoutState(given, namespace);
    const { metadata } = resource;
    metadata.resourceVersion = contentVersion(resource);
    if (runtime !== undefined) {
      const running = runtime.resources.get(metadata.name)?.resource;
      adoptIdentity(metadata, running?.metadata ?? {});
      const rendered = running && copyAsStored(running).status;
      if (resource.kind === "Secret" || hooks.correctStatus === undefined) {
        return withStatus(resource, rendered);
      }
      const spec = resource as Site | Link | RouterAccess; // what is left of this shelf's kinds
      return withStatus(resource, await hooks.correctStatus(spec, rendered));
    }
    const siteUid = await hooks.siteUid();
    if (siteUid !== undefined) {
      metadata.uid = kind === "Site" ? siteUid : derivedUid(siteUid, kind, metadata.name);
    }
    if (resource.kind === "Secret") return resource;
    metadata.generation = 1;
    const spec = resource as Site | Link | RouterAccess; // what is left of this shelf's kinds
    return withStatus(resource, await hooks.deriveStatus(spec));
  }

  return {
    async read(kind, name) {
      const input = await readFolder(paths.inputResources, kind, namespace);
      const runtime = await readRuntime(kind);
      const entries = new Map<string, ShelfEntry<typeof kind>>();
      for (const [found, { resource }] of await onlyRendered(kind, runtime)) {
        if (name !== undefined && name !== found) continue;
        entries.set(found, { resource: await complete(kind, resource, runtime) });
      }
      for (const [found, inInput] of input.resources) {
        if (name !== undefined && name !== found) continue;
        const resource = await complete(kind, inInput.resource, runtime);
        entries.set(found, { resource, input: inInput });
      }
      return { entries, problems: [...input.problems, ...runtime?.problems ?? []] };
    },

    async write(resource, before) {
      const content = withoutState(resource, namespace);
      const present = before?.input;
      if (present && isDeepStrictEqual(content, withoutState(present.resource, namespace))) return;
      const { kind, metadata: { name } } = resource;
      if (before !== undefined && present === undefined) refuseRendered(kind, name);
      await putResource(paths.inputResources, kind, name, content, present?.places.at(-1));
    },

    async remove({ resource, input }) {
      if (input === undefined) refuseRendered(resource.kind, resource.metadata.name);
      await removeResource(input);
    },
  };
}

function adoptIdentity(metadata: Metadata, running: Partial<Metadata>): void {
  if (running.uid !== undefined) metadata.uid = running.uid;
  if (running.generation !== undefined) metadata.generation = running.generation;
  if (running.creationTimestamp) metadata.creationTimestamp = running.creationTimestamp;
}

function withStatus<R extends ResourceOf<Kind>>(resource: R, status: BaseStatus | undefined): R {
  return status === undefined ? resource : { ...resource, status };
}
