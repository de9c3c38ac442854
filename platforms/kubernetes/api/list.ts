import { appError } from "../../../src/errors/app_error.ts";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import { parseResource } from "../../../src/resources/yaml.ts";
import type { Metadata } from "../../../src/resources/resource.ts";
import type { ApiClient } from "./client.ts";
import { isExpired } from "./errors.ts";
import { type ApiKind, type ApiRequest, apiResources, type DiscoveredResource } from "./request.ts";

/** What an object is known by. */
export interface Named {
  metadata: Metadata;
}

/** Which objects are listed, and what is made of them. */
export interface ListRequest<T extends Named> {
  kind: ApiKind;
  /** As an ApiRequest has it. */
  at?: DiscoveredResource;
  /** Undefined: all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string;
  /** The one object of that name; undefined: all. */
  name?: string;
  /** Undefined for an object that is to be left out. */
  read(object: unknown): T | undefined;
  /** Told that changes are seen from now on as they come, and that they are not. */
  followed?(isFollowed: boolean): void;
}

/** The objects as of one moment. */
export interface ObjectList<T> {
  /** By name, or by namespace and name where they are of all namespaces. */
  items: Map<string, T>;
  /** What a watch of what comes after goes on from. */
  resourceVersion: string;
}

/** The page size kubectl asks for. */
const pageSize = "500";

/** A list this long in coming is read again and again only so often. */
const maxRestarts = 3;

/**
 * Reads the resources of a namespace, in pages that belong together. Throws what `ApiClient.send`
 * throws.
 */
export function readList<K extends Kind>(
  api: ApiClient,
  kind: K,
  namespace: string,
  signal: AbortSignal,
): Promise<ObjectList<ResourceOf<K>>> {
  return readObjects(api, listRequest(kind, namespace), signal);
}

/** All resources of a kind in a namespace, or the one of that name. */
export function listRequest<K extends Kind>(
  kind: K,
  namespace: string,
  name?: string,
): ListRequest<ResourceOf<K>> {
  const which = name === undefined ? {} : { name };
  return { kind, namespace, ...which, read: (object) => toResource(kind, object) };
}

/**
 * Reads all objects of the request, in pages that belong together. Throws what `ApiClient.send`
 * throws.
 */
export async function readObjects<T extends Named>(
  api: ApiClient,
  request: ListRequest<T>,
  signal: AbortSignal,
): Promise<ObjectList<T>> {
  for (let restarts = 0;; restarts++) {
    try {
      return await readPages(api, request, signal);
    } catch (error) {
      if (!isExpired(error) || restarts === maxRestarts) throw error;
    }
  }
}

/** The object as a resource of that kind, without the API server's own bookkeeping. */
export function toResource<K extends Kind>(kind: K, object: unknown): ResourceOf<K> {
  const { group, version } = apiResources[kind];
  const apiVersion = group === "" ? version : `${group}/${version}`;
  // the items of lists of built-in kinds don't name their kind
  const resource = parseResource(
    kind,
    { ...object as object, apiVersion, kind },
    `the ${kind} read`,
  );
  delete resource.metadata["managedFields"];
  return resource;
}

/** Resources in the order of their names, as code units. */
export function sortByName<K extends Kind>(items: Iterable<ResourceOf<K>>): ResourceOf<K>[] {
  return [...items].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** What tells an object of the list from the others. */
export function keyOf(request: ListRequest<Named>, { namespace, name }: Partial<Metadata>): string {
  return request.namespace === undefined ? `${namespace}/${name}` : name!;
}

/** Where the objects are, and which: the part that list and watch have in common. */
export function rangeOf({ kind, at, namespace, labelSelector, name }: ListRequest<Named>): {
  target: Pick<ApiRequest, "kind" | "at" | "namespace">;
  query: Record<string, string>;
} {
  return {
    target: { kind, at, ...(namespace === undefined ? {} : { namespace }) },
    query: {
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
    },
  };
}

async function readPages<T extends Named>(
  api: ApiClient,
  request: ListRequest<T>,
  signal: AbortSignal,
): Promise<ObjectList<T>> {
  const items = new Map<string, T>();
  const { target, query } = rangeOf(request);
  let token = "";
  for (;;) {
    const paging = { limit: pageSize, ...(token === "" ? {} : { continue: token }) };
    const page = await api.send(
      { verb: "list", ...target, query: { ...query, ...paging } },
      signal,
    );
    if (!isPage(page)) {
      throw appError("api-answer-invalid", { url: api.url, why: "it is no list" });
    }
    for (const object of page.items) {
      const item = request.read(object);
      if (item !== undefined) items.set(keyOf(request, item.metadata), item);
    }
    token = page.metadata.continue ?? "";
    if (token === "") return { items, resourceVersion: page.metadata.resourceVersion };
  }
}

interface Page {
  items: unknown[];
  metadata: { resourceVersion: string; continue?: string };
}

function isPage(answer: unknown): answer is Page {
  const { items, metadata } = (answer ?? {}) as Partial<Page>;
  return Array.isArray(items) && typeof metadata?.resourceVersion === "string";
}
