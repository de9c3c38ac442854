import { appError } from "../../errors/app_error.ts";
import { type PlatformWithAbilities, refuseOptions } from "../../platform/abilities.ts";
import { apiVersion } from "../../resources/resource.ts";
import type { Site } from "../../resources/site.ts";

/** The options that end up in a Site's spec. */
export interface SiteSettings {
  enableLinkAccess?: boolean;
  linkAccessType?: string;
  enableHa?: boolean;
  serviceAccount?: string;
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
      ...(settings.enableHa === undefined ? {} : { ha: settings.enableHa }),
      ...(settings.serviceAccount === undefined ? {} : { serviceAccount: settings.serviceAccount }),
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
  if (settings.enableLinkAccess === undefined) return undefined;
  return settings.enableLinkAccess ? settings.linkAccessType ?? "default" : "none";
}

/** Throws `option-of-other-platform` for what a cluster does where a site is founded here. */
export function checkSiteOptions(platform: PlatformWithAbilities, settings: SiteSettings): void {
  if (platform.siteFounder === undefined) return;
  const { enableHa, linkAccessType: type, serviceAccount } = settings;
  refuseOptions(platform, {
    "--enable-ha": enableHa || undefined,
    "--link-access-type": type === "default" ? undefined : type,
    "--service-account": serviceAccount,
  }, "kubernetes");
}
