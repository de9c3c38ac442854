import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostSources } from "../../platforms/resource_files/site/link_hosts.ts";
import { type NamespacePaths, namespacePaths } from "../../platforms/resource_files/paths.ts";
import { LocalRouter } from "../../platforms/resource_files/router/local_router.ts";
import { siteUid } from "../../platforms/resource_files/site/site_authority.ts";
import { siteFounder } from "../../platforms/resource_files/site/site_founder.ts";
import { startedStatus } from "../../platforms/resource_files/site/started_status.ts";
import { statusSource } from "../../platforms/resource_files/site/status_source.ts";
import { FileStore, heldAlready, withLock } from "../../platforms/resource_files/store/store.ts";
import type { SiteFounder } from "../../src/platform/abilities.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { apiVersion } from "../../src/resources/resource.ts";
import type { Site } from "../../src/resources/site.ts";

/** A data home of its own, on a machine whose addresses and controller are as a test says. */
export interface TestHome {
  home: string;
  /** What the machine's network interfaces have. */
  addresses: string[];
  /** When the controller started, if one runs. */
  controllerSince: string | undefined;
  open(namespace: string): {
    paths: NamespacePaths;
    platform: Platform;
    /** The store of who holds the namespace's lock. */
    held: Platform;
    founder: SiteFounder;
  };
}

/** Gives `use` a data home, and removes it afterwards. */
export async function withDataHome(use: (home: TestHome) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "data-home-"));
  const setup: TestHome = { home, addresses: [], controllerSince: undefined, open };
  const hosts: HostSources = {
    hostname: () => "machine",
    interfaceAddresses: () => setup.addresses,
    resolve: () => Promise.resolve([]),
  };

  function openPlatform(namespace: string, hold = withLock): Platform {
    const paths = namespacePaths(home, namespace);
    const platform = () => store;
    const store: Platform = new FileStore("linux", paths, {
      siteUid: () => siteUid(paths),
      deriveStatus: statusSource({
        paths,
        platform,
        controllerSince: () => Promise.resolve(setup.controllerSince),
      }),
      correctStatus: startedStatus({
        paths,
        platform,
        router: () => new LocalRouter(paths, "linux").view(new AbortController().signal),
      }),
    }, hold);
    return store;
  }

  function open(namespace: string) {
    const paths = namespacePaths(home, namespace);
    const platform = openPlatform(namespace);
    const held = openPlatform(namespace, heldAlready);
    const founder = siteFounder({
      paths,
      platform,
      openNamespace: (namespace) => openPlatform(namespace),
      hosts,
      whileHeld: (signal, work) => withLock(paths, signal, () => work(held)),
    });
    return { paths, platform, held, founder };
  }

  try {
    await use(setup);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** A Site, with link access unless `spec` says otherwise. */
export function newSite(name: string, spec: Site["spec"] = { linkAccess: "default" }): Site {
  return { apiVersion, kind: "Site", metadata: { name }, spec };
}
