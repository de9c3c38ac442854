import { appError } from "../../src/errors/app_error.ts";
import type { Kind, ResourceOf } from "../../src/resources/kinds.ts";
import { parseResource } from "../../src/resources/yaml.ts";
import type { ApiClient } from "./api_client.ts";
import { isExpired } from "./api_errors.ts";
import { apiResources } from "./api_request.ts";

/** All resources of a kind in a namespace, as of one moment. */
export interface ResourceList<K extends Kind> {
  /** By name. */
  items: Map<string, ResourceOf<K>>;
  /** What a watch of what comes after goes on from. */
  resourceVersion: string;
}

/** The page size kubectl asks for. */
const pageSize = "500";

/** A list this long in coming is read again and again only so often. */
const maxRestarts = 3;

/** Reads the list, in pages that belong together. Throws what `ApiClient.send` throws. */
export async function readList<K extends Kind>(
  api: ApiClient,
  kind: K,
  namespace: string,
  signal: AbortSignal,
): Promise<ResourceList<K>> {
  for (let restarts = 0;; restarts++) {
    try {
      return await readPages(api, kind, namespace, signal);
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

async function readPages<K extends Kind>(
  api: ApiClient,
  kind: K,
  namespace: string,
  signal: AbortSignal,
): Promise<ResourceList<K>> {
  const items = new Map<string, ResourceOf<K>>();
  let token = "";
  for (;;) {
    const query = { limit: pageSize, ...(token === "" ? {} : { continue: token }) };
    const page = await api.send({ verb: "list", kind, namespace, query }, signal);
    if (!isPage(page)) {
      throw appError("api-answer-invalid", { url: api.url, why: "it is no list" });
    }
    for (const object of page.items) {
      const resource = toResource(kind, object);
      items.set(resource.metadata.name, resource);
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
