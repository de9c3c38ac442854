import { apiVersion } from "./api_version.ts";
import type { Metadata } from "./resource.ts";
import type { Site } from "./site.ts";

/** A Site that a resource belongs to (metav1.OwnerReference). */
export interface SiteOwner {
  apiVersion: string;
  kind: "Site";
  name: string;
  uid: string;
}

/**
 * What makes a resource that site's: it goes when the site goes, and is stored for no other one.
 */
export function ownedBy({ metadata }: Site): { ownerReferences: SiteOwner[] } {
  const uid = metadata.uid ?? "";
  return { ownerReferences: [{ apiVersion, kind: "Site", name: metadata.name, uid }] };
}

/** The Site that a resource belongs to, if it is one's. */
export function siteOwner(metadata: Metadata): SiteOwner | undefined {
  const owners = metadata["ownerReferences"] as SiteOwner[] | undefined; // metav1.ObjectMeta
  return owners?.find(({ apiVersion, kind }) =>
    kind === "Site" && String(apiVersion).startsWith("skupper.io/")
  );
}
