import { attributeText, type Entity } from "./entity.ts";

/** What a router says of the site that it belongs to. */
export interface RouterSite {
  /** The router's own name in the network. */
  router: string;
  /** The site's name, as the router's name has it. */
  name: string;
  /** The site's id. */
  id?: string;
  platform?: string;
  /** The version of Skupper. */
  version?: string;
}

/**
 * The site of a router, from its entity of type `router`: upstream writes id, platform and version
 * into its metadata (docs/spec/skupper-system-sites.md 1.4), which may be anybody's text.
 */
export function routerSite(entity: Entity): RouterSite {
  const router = attributeText(entity, "id");
  const metadata = parseMetadata(attributeText(entity, "metadata"));
  const facts: Record<string, string> = {};
  for (const field of ["id", "platform", "version"]) {
    if (typeof metadata[field] === "string" && metadata[field] !== "") {
      facts[field] = metadata[field];
    }
  }
  return { router, name: siteNameOf(router), ...facts };
}

/**
 * The site's name within a router's: upstream adds the time on a machine, and the Pod's name in a
 * cluster.
 */
export function siteNameOf(router: string): string {
  const onMachine = /^(.+?)-\d{9,11}-\d{1,9}$/.exec(router)?.[1];
  const inCluster = /^(.+?)-skupper-router(?:-\d+)?-[a-z0-9]+-[a-z0-9]+$/.exec(router)?.[1];
  return onMachine ?? inCluster ?? router;
}

function parseMetadata(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  } catch {
    return {};
  }
}
