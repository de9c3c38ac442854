import type * as z from "zod/mini";
import type { siteSchema } from "./schemas.ts";

/** Site, as docs/spec/resources.md 2 has it. */
export type Site = z.infer<ReturnType<typeof siteSchema>>;

/** The CA of a site's links where neither spec nor status names another one. */
export const siteIssuer = "skupper-site-ca";

/** True if the spec asks for link access of any type. */
export function wantsLinkAccess(site: Site): boolean {
  const access = site.spec?.linkAccess;
  return access !== undefined && access !== "" && access !== "none";
}

/**
 * True if its controller can't make the site as it is. That what the site needs exists already is
 * what Skupper's says for moments after its own restart (defect 24 of
 * docs/spec/skupper-kubernetes.md 7): it passes.
 */
export function hasFailed({ status }: Site): boolean {
  return status?.status === "Error" &&
    !/\.skupper\.io ".*" already exists$/.test(status.message ?? "");
}

/** The CA that signs for the site: its spec's, else its status', else the platform's usual one. */
export function defaultIssuer(site: Site): string {
  return site.spec?.defaultIssuer || site.status?.defaultIssuer || siteIssuer;
}
