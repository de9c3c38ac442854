import { stat } from "node:fs/promises";
import { join } from "node:path";
import { formatTime } from "../../../src/controller/conditions.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import type { BaseResource } from "../../../src/resources/resource.ts";
import { type Site, siteIssuer } from "../../../src/resources/site.ts";
import { declaredHost, linkEndpoints } from "./link_endpoints.ts";
import { readLinkListeners } from "./link_listeners.ts";
import type { NamespacePaths } from "../paths.ts";
import { readFault } from "./founding_fault.ts";
import { findAuthorityFolder } from "./site_authority.ts";
import { readFolder } from "../store/resource_reader.ts";
import {
  deriveLinkStatus,
  deriveRouterAccessStatus,
  deriveSiteStatus,
  type Fact,
  type SiteFacts,
} from "./site_status.ts";
import type { StoreHooks } from "../store/store_hooks.ts";

/** What the status of resources is derived from, beside the files of the namespace. */
export interface StatusSources {
  paths: NamespacePaths;
  /** The store whose resources are asked about. */
  platform(): Platform;
  /**
   * When the controller that serves the data home started (RFC 3339); undefined while none does.
   */
  controllerSince(): Promise<string | undefined>;
}

/** Derives the status of what lies in a namespace of ours, at the moment it is asked for. */
export function statusSource(sources: StatusSources): StoreHooks["deriveStatus"] {
  const { paths } = sources;
  const { signal } = new AbortController(); // reading a few files is not worth interrupting
  return async (resource) => {
    switch (resource.kind) {
      case "Site":
        return deriveSiteStatus(resource, await readSiteFacts(resource));
      case "Link": {
        const credentials = resource.spec?.tlsCredentials;
        const secret = credentials && await sources.platform().get("Secret", credentials, signal);
        return deriveLinkStatus(resource, secret || undefined, await changedAt(fileOf(resource)));
      }
      case "RouterAccess": {
        const endpoints = linkEndpoints([{ access: resource, host: declaredHost(resource) }]);
        return deriveRouterAccessStatus(resource, endpoints, await changedAt(fileOf(resource)));
      }
    }
  };

  async function readSiteFacts(site: Site): Promise<SiteFacts> {
    const { name } = site.metadata;
    const authority = await authorityFact(siteIssuer);
    const authoritySince = authority.since;
    const chosen = site.spec?.defaultIssuer || siteIssuer;
    const { resources } = await readFolder(paths.inputResources, "Site", paths.namespace);
    const [first] = [...resources.keys()].toSorted(); // in the order of Platform.list
    const controllerSince = await sources.controllerSince();
    const listeners = await readLinkListeners(paths, sources.platform(), signal);
    const changes = await Promise.all(listeners.map(({ access }) => changedAt(fileOf(access))));
    return {
      authority,
      chosenAuthority: chosen === siteIssuer ? authority : await authorityFact(chosen),
      fault: authority.holds ? undefined : await readFault(paths, name),
      instead: first === name ? undefined : first,
      controller: {
        holds: controllerSince !== undefined,
        since: controllerSince ?? authoritySince,
      },
      endpoints: linkEndpoints(listeners),
      endpointsSince: changes.toSorted().at(-1) ?? authoritySince,
    };
  }

  async function authorityFact(issuer: string): Promise<Fact> {
    const folder = findAuthorityFolder(paths, issuer);
    const since = await changedAt(join(folder ?? paths.inputResources, "tls.crt"));
    return { holds: folder !== undefined, since };
  }

  function fileOf({ kind, metadata }: BaseResource): string {
    return join(paths.inputResources, `${kind}-${metadata.name}.yaml`);
  }
}

/** When the file changed last; a fixed time where it is not under that name. */
async function changedAt(path: string): Promise<string> {
  return formatTime(await stat(path).then(({ mtimeMs }) => mtimeMs, () => 0));
}
