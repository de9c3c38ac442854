import { isDeepStrictEqual } from "node:util";
import { appError } from "../../../src/errors/app_error.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import type { Link } from "../../../src/resources/link.ts";
import type { BaseStatus, Metadata } from "../../../src/resources/resource.ts";
import type { RouterAccess } from "../../../src/resources/router_access.ts";
import type { Site } from "../../../src/resources/site.ts";
import { syncFound } from "../../../src/runtime/files.ts";
import { derivedUid } from "./derived_uid.ts";
import type { NamespacePaths } from "../paths.ts";
import { type FolderReading, type FoundResource, readFolder } from "./resource_reader.ts";
import { putResource, rehearseResource, removeResource } from "./resource_writer.ts";
import {
  contentVersion,
  copyAsStored,
  type Shelf,
  type ShelfEntry,
  type ShelfReading,
  withoutFields,
  withoutState,
} from "./shelf.ts";
import { isStarted } from "../started_namespace.ts";
import type { StoreHooks } from "./store_hooks.ts";

/**
 * Keeps the kinds that upstream reads too, in the namespace's input. Their files hold what a user
 * writes and no more: uid and status are those of upstream's runtime where there is one, else
 * derived when asked for; the generation is always 1, as such a status is always up to date.
 */
export class InputShelf implements Shelf {
  readonly #paths: NamespacePaths;
  readonly #hooks: StoreHooks;

  constructor(paths: NamespacePaths, hooks: StoreHooks) {
    this.#paths = paths;
    this.#hooks = hooks;
  }

  async read<K extends Kind>(kind: K, name?: string): Promise<ShelfReading<K>> {
    const input = await readFolder(this.#paths.inputResources, kind, this.#paths.namespace);
    const runtime = await this.#readRuntime(kind);
    const entries = new Map<string, ShelfEntry<K>>();
    for (const [found, { resource }] of await this.#onlyRendered(kind, runtime)) {
      if (name !== undefined && name !== found) continue;
      entries.set(found, { resource: await this.#complete(kind, resource, runtime) });
    }
    for (const [found, inInput] of input.resources) {
      if (name !== undefined && name !== found) continue;
      const resource = await this.#complete(kind, inInput.resource, runtime);
      entries.set(found, { resource, input: inInput });
    }
    const rendered = withoutFields(runtime?.problems ?? []);
    return { entries, problems: [...input.problems, ...rendered] };
  }

  async write<K extends Kind>(
    resource: ResourceOf<K>,
    before: ShelfEntry<K> | undefined,
    dryRun: boolean,
  ): Promise<void> {
    const { namespace, inputResources } = this.#paths;
    const content = withoutState(resource, namespace);
    const present = before?.input;
    if (present && isDeepStrictEqual(content, withoutState(present.resource, namespace))) {
      return dryRun ? undefined : await syncFound(present.places[0].source.file);
    }
    const { kind, metadata: { name } } = resource;
    if (before !== undefined && present === undefined) this.#refuseRendered(kind, name);
    // who changes sites refuses this one (site_founder.ts): a rehearsal is to know it before
    if (dryRun && kind === "Site" && await isStarted(this.#paths)) {
      const why = '"skupper system start" made it';
      const instead = 'Use "skupper site update" for it.';
      throw appError("namespace-foreign", { namespace, why, instead });
    }
    const put = dryRun ? rehearseResource : putResource;
    await put(inputResources, kind, name, content, present?.places.at(-1));
  }

  async remove<K extends Kind>({ resource, input }: ShelfEntry<K>): Promise<void> {
    if (input === undefined) this.#refuseRendered(resource.kind, resource.metadata.name);
    await removeResource(input);
  }

  /** What upstream made of the input; undefined in a namespace of ours. */
  async #readRuntime<K extends Kind>(kind: K): Promise<FolderReading<K> | undefined> {
    if (!await isStarted(this.#paths)) return undefined;
    return await readFolder(this.#paths.runtimeResources, kind, this.#paths.namespace);
  }

  /**
   * What upstream keeps in its runtime alone: the RouterAccess it makes for link access, and Links
   * with Secrets of tokens it redeemed itself. Others left there were in the input once, and are
   * gone.
   */
  async #onlyRendered<K extends Kind>(
    kind: K,
    runtime: FolderReading<K> | undefined,
  ): Promise<[string, FoundResource<K>][]> {
    if (runtime === undefined || kind === "Site") return [];
    const found = [...runtime.resources];
    if (kind === "RouterAccess") return found;
    const inputThen = await readFolder(this.#paths.snapshot, kind, this.#paths.namespace);
    return found.filter(([name]) => !inputThen.resources.has(name));
  }

  #refuseRendered(kind: Kind, name: string): never {
    throw appError("namespace-foreign", {
      namespace: this.#paths.namespace,
      why: `"skupper system start" made ${kind} "${name}", which is not in its input`,
    });
  }

  async #complete<K extends Kind>(
    kind: K,
    given: ResourceOf<K>,
    runtime: FolderReading<K> | undefined,
  ): Promise<ResourceOf<K>> {
    const resource = withoutState(given, this.#paths.namespace);
    const { metadata } = resource;
    metadata.resourceVersion = contentVersion(resource);
    if (runtime !== undefined) {
      const running = runtime.resources.get(metadata.name)?.resource;
      adoptIdentity(metadata, running?.metadata ?? {});
      const rendered = running && copyAsStored(running).status;
      if (resource.kind === "Secret" || this.#hooks.correctStatus === undefined) {
        return withStatus(resource, rendered);
      }
      const spec = resource as Site | Link | RouterAccess; // what is left of this shelf's kinds
      return withStatus(resource, await this.#hooks.correctStatus(spec, rendered));
    }
    const siteUid = await this.#hooks.siteUid();
    if (siteUid !== undefined) {
      metadata.uid = kind === "Site" ? siteUid : derivedUid(siteUid, kind, metadata.name);
    }
    if (resource.kind === "Secret") return resource;
    metadata.generation = 1;
    const spec = resource as Site | Link | RouterAccess; // what is left of this shelf's kinds
    return withStatus(resource, await this.#hooks.deriveStatus(spec));
  }
}

function adoptIdentity(metadata: Metadata, running: Partial<Metadata>): void {
  if (running.uid !== undefined) metadata.uid = running.uid;
  if (running.generation !== undefined) metadata.generation = running.generation;
  if (running.creationTimestamp) metadata.creationTimestamp = running.creationTimestamp;
}

function withStatus<R extends ResourceOf<Kind>>(resource: R, status: BaseStatus | undefined): R {
  return status === undefined ? resource : { ...resource, status };
}
