import { isAppError } from "../../src/errors/app_error.ts";
import type { DependentRemover } from "../../src/platform/dependent_remover.ts";
import type { Metadata } from "../../src/resources/resource.ts";
import type { Site } from "../../src/resources/site.ts";
import type { ApiClient } from "./api/client.ts";
import type { DiscoveredResource } from "./api/request.ts";
import { type Named, readObjects } from "./api/list.ts";
import { listSkupperResources } from "./api/discovery.ts";

/**
 * The latter two are made by controllers, also for their own grant service: they are not the
 * site's.
 */
const kept = ["sites", "certificates", "securedaccesses"];

/** Before the Links that a controller makes of them. */
const first = ["accesstokens", "accessgrants"];

/** Links late, as a token may just have been redeemed. */
const last = ["links", "routeraccesses"];

/**
 * Removes all kinds that the API server's discovery names, so also kinds that only a later Skupper
 * has. Kinds without a definition and objects that are gone are passed over. Throws what else
 * `ApiClient.send` throws.
 */
export function dependentRemover(api: ApiClient, namespace: string): DependentRemover {
  /** Removes all of a kind. */
  async function removeAll(
    at: DiscoveredResource,
    site: Site | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const target = { kind: "SkupperResource", at, namespace } as const;
    // what this program would call invalid is to go too
    const read = (object: unknown) => object as Named; // each object of the API has a name
    const { items } = await readObjects(api, { ...target, read }, signal);
    for (const { metadata } of items.values()) {
      if (at.plural === "routeraccesses" && isOwnedBy(site, metadata)) continue;
      const { name, uid } = metadata;
      const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } };
      await unlessGone(api.send({ verb: "delete", ...target, name, body }, signal));
    }
  }

  return {
    async remove(site, signal) {
      const served = await listSkupperResources(api, signal);
      const named = [...kept, ...first, ...last];
      const others = [...served.keys()].filter((plural) => !named.includes(plural)).sort();
      for (const plural of [...first, ...others, ...last]) {
        const version = served.get(plural)?.[0];
        if (version === undefined) continue;
        await unlessGone(removeAll({ version, plural }, site, signal));
      }
    },
  };
}

/** Such a RouterAccess goes with the Site, and would be made anew if it went before. */
function isOwnedBy(site: Site | undefined, metadata: Metadata): boolean {
  const owners = metadata["ownerReferences"] as { uid: string }[] | undefined; // metav1.ObjectMeta
  return owners?.some((owner) => owner.uid === site?.metadata.uid) ?? false;
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    // a conflict is another one's of the same name, made since
    if (!isAppError(error, "resource-not-found", "crd-missing", "conflict")) throw error;
  }
}
