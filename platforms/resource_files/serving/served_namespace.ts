import { isIP } from "node:net";
import type { ControllerNamespace } from "../../../src/controller/home.ts";
import { AppError, isAppError } from "../../../src/errors/app_error.ts";
import { noLinkAccess } from "../../../src/errors/site_errors.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { isSubdomain } from "../../../src/resources/names.ts";
import { wantsLinkAccess } from "../../../src/resources/site.ts";
import { fileGrantBacking } from "./grant_backing.ts";
import { readLinkListeners } from "../site/link_listeners.ts";
import type { NamespacePaths } from "../paths.ts";
import { ledgersOfSite } from "./site_origin.ts";
import { pendingKeyFiles } from "./pending_keys.ts";
import { retireToken } from "./retire_token.ts";

/** A namespace kept as files, and what is done there beyond reading and writing them. */
export interface FileNamespace extends Pick<ControllerNamespace, "foundSite" | "liveLinks"> {
  paths: NamespacePaths;
  /** Its store. */
  platform: Platform;
}

/**
 * A namespace kept as files, as the controller works on it; `closed` has the uids of grants that
 * give nothing.
 */
export function fileNamespace(
  { paths, platform, foundSite, liveLinks }: FileNamespace,
  closed: ReadonlySet<string> = new Set(),
): ControllerNamespace {
  const backing = fileGrantBacking(paths, platform);
  const listGrants = async () =>
    (await platform.list("AccessGrant", new AbortController().signal))
      .flatMap(({ metadata: { uid } }) => uid ?? []);
  return {
    platform,
    backing: {
      ...backing,
      ledgers: ledgersOfSite(backing.ledgers, paths, closed, listGrants),
    },
    pendingKeys: pendingKeyFiles(paths),
    ...(foundSite && { foundSite }),
    ...(liveLinks && { liveLinks }),
    async whyNotLinkable(grant) {
      try {
        await backing.endpoints(grant);
        return undefined;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (isAppError(error, "site-edge")) return undefined; // an error of the grant's own
        const sites = await platform.list("Site", new AbortController().signal);
        const isOpen = sites.some(wantsLinkAccess) || !isAppError(error, "no-endpoints");
        return isOpen ? error.message : noLinkAccess;
      }
    },
    retireToken: (name, signal) => retireToken(paths, platform, name, signal),

    async otherHosts(signal) {
      const listeners = await readLinkListeners(paths, platform, signal);
      const names = listeners.flatMap(({ access }) => access.spec?.subjectAlternativeNames ?? []);
      return names.filter((name) => isIP(name) !== 0 || isSubdomain(name));
    },

    /** A host that leads to the site's router leads to the grant service too. */
    async grantHost(signal) {
      const listeners = await readLinkListeners(paths, platform, signal);
      return listeners.find(({ host }) => host !== undefined)?.host;
    },
  };
}
