import type { Site } from "../resources/site.ts";

export interface DependentRemover {
  /** Removes all Skupper resources of the namespace but Sites and what controllers make of them. */
  remove(site: Site | undefined, signal: AbortSignal): Promise<void>;
}
