import { appError } from "../../errors/app_error.ts";
import { apiVersion } from "../../resources/resource.ts";
import type { Site } from "../../resources/site.ts";

/** The options that end up in a Site's spec. */
export interface SiteSettings {
  enableLinkAccess?: true;
  linkAccessType?: string;
  enableHa?: true;
}

/** The Site those options ask for. Throws `usage` for a type without link access. */
export function newSite(name: string, settings: SiteSettings): Site {
  const linkAccess = linkAccessOf(settings);
  return {
    apiVersion,
    kind: "Site",
    metadata: { name },
    spec: {
      ...(linkAccess === undefined ? {} : { linkAccess }),
      ...(settings.enableHa === undefined ? {} : { ha: true }),
    },
  };
}

/** spec.linkAccess, or undefined where the options say nothing of it. */
export function linkAccessOf(settings: SiteSettings): string | undefined {
  if (settings.linkAccessType !== undefined && !settings.enableLinkAccess) {
    throw appError("usage", {
      message: "Option --link-access-type needs --enable-link-access",
      help: "Add --enable-link-access.",
    });
  }
  return settings.enableLinkAccess ? settings.linkAccessType ?? "default" : undefined;
}
