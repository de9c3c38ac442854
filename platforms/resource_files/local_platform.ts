import process from "node:process";
import type {
  ControllerHost,
  ControllerRunner,
  PlatformRequest,
  PlatformWithAbilities,
} from "../../src/platform/abilities.ts";
import type { ControllerOptions, LocalRunOptions } from "../../src/platform/controller_options.ts";
import type { PlatformName } from "../../src/platform/name.ts";
import { askNetwork } from "../../src/router/ask_network.ts";
import type { RouterView } from "../../src/router/router_view.ts";
import { methodsOf, type Platform } from "../../src/platform/platform.ts";
import { whileAwaiting } from "../../src/wait/deadline.ts";
import { withAbsolutePaths } from "./hosting/certificate_paths.ts";
import {
  type ControllerFiles,
  controllerFiles,
  isHeld,
  readState,
  servingSince,
} from "./hosting/controller_files.ts";
import { tellingTakenPort } from "./hosting/taken_port.ts";
import { thisMachine } from "./site/link_hosts.ts";
import { defaultNamespace, findDataHome, type NamespacePaths, namespacePaths } from "./paths.ts";
import { requirePlatform } from "./namespace_platform.ts";
import { liveLinks } from "./router/live_links.ts";
import { LocalRouter } from "./router/local_router.ts";
import { routerProbe } from "./router/router_probe.ts";
import { auditLines } from "./serving/audit_trail.ts";
import { pendingKeyFiles } from "./serving/pending_keys.ts";
import { siteUid } from "./site/site_authority.ts";
import { foundDeclaredSite } from "./site/declared_site.ts";
import { faultFile } from "./site/founding_fault.ts";
import { type FounderSetup, siteFounder } from "./site/site_founder.ts";
import { startedStatus } from "./site/started_status.ts";
import { statusSource } from "./site/status_source.ts";
import { FileStore, heldAlready, withLock } from "./store/store.ts";
import type { StoreHooks } from "./store/store_hooks.ts";

/** Names its container to the controller that runs in one. */
export const containerVariable = "HAWSER_CONTAINER";

/**
 * A platform of this machine: sites kept as files in the data home, and a controller that `hostFor`
 * hosts. Throws `data-home-unusable` if nothing says where the data home is, and `invalid-value`
 * for a namespace that is none.
 */
export function openLocalPlatform(
  name: PlatformName,
  request: PlatformRequest,
  hostFor: (files: ControllerFiles) => ControllerHost,
): PlatformWithAbilities {
  const home = findDataHome(request.env, process.getuid?.());
  const files = controllerFiles(home);
  const paths = namespacePaths(home, request.namespace ?? defaultNamespace);
  const router = new LocalRouter(paths, name);
  const witness: Witness = {
    controllerSince: () => servingSince(files),
    router: ({ namespace }) =>
      namespace === paths.namespace
        ? router.view(new AbortController().signal)
        : Promise.resolve(undefined),
  };
  const hooks = {
    admit: () => requirePlatform(paths, name),
    ...(request.onProblem && { onProblem: request.onProblem }),
  };
  const store = openFiles(name, paths, witness, hooks);
  const founding = founderSetup(name, paths, store, witness, hooks);
  return {
    ...methodsOf(store),
    controllerHost: toldOf(
      tellingTakenPort(checkedBy(files, request.env, hostFor(files)), files),
      home,
      request.onRequest,
    ),
    controllerLock: { isHeld: () => isHeld(files), home },
    controllerRunner: controllerRunner(name, files, request),
    auditReader: { lines: () => auditLines(files.audit) },
    siteFounder: siteFounder(founding),
    linkMaker: {
      // certificates are much to load
      make: async (link, signal) =>
        await (await import("./serving/link_maker.ts")).fileLinkMaker(paths, store).make(
          link,
          signal,
        ),
    },
    signingProbe: {
      signing: async (signal) =>
        await (await import("./serving/link_maker.ts")).fileLinkMaker(paths, store).signing(signal),
    },
    routerProbe: routerProbe(router),
    networkView: { network: (signal) => router.ask(askNetwork, signal) },
    liveLinks: liveLinks({
      paths,
      router,
      whileHeld: founding.whileHeld,
      env: request.env,
      executable: request.executable,
    }),
    pendingKeys: pendingKeyFiles(paths),
  };
}

/**
 * The host, which is given a certificate only after it was found good: what runs is not ended for
 * one that can't start. Its `start` and `restart` throw as `openCertificateFiles` does too.
 */
function checkedBy(
  files: ControllerFiles,
  env: PlatformRequest["env"],
  host: ControllerHost,
): ControllerHost {
  async function check(options: ControllerOptions): Promise<void> {
    if (options.certificate === undefined) return;
    const { openCertificateFiles } = await import("../../src/controller/certificate_files.ts");
    await openCertificateFiles(options, env);
  }
  return {
    async start(options, signal) {
      const given = withAbsolutePaths(options);
      await check(given);
      return await host.start(given, signal);
    },
    async restart(options, signal) {
      const given = withAbsolutePaths(options);
      await check({ ...(await readState(files))?.options, ...given });
      return await host.restart(given, signal);
    },
    stop: (signal) => host.stop(signal),
    status: (signal) => host.status(signal),
  };
}

/** The host, whose waits for the controller are told. */
function toldOf(
  host: ControllerHost,
  home: string,
  onRequest: PlatformRequest["onRequest"],
): ControllerHost {
  const awaited = `the controller of ${home}`;
  async function tell<T>(call: Promise<T>): Promise<T> {
    onRequest?.(awaited);
    try {
      const result = await call;
      onRequest?.(undefined);
      return result;
    } catch (error) {
      throw whileAwaiting(error, awaited);
    }
  }
  return {
    home,
    start: (options, signal) => tell(host.start(options, signal)),
    restart: (options, signal) => tell(host.restart(options, signal)),
    stop: (signal) => tell(host.stop(signal)),
    status: (signal) => tell(host.status(signal)),
  };
}

/** Who tells what statuses are derived from. */
interface Witness {
  /** As StatusSources has it. */
  controllerSince(): Promise<string | undefined>;
  /** As StartedSources has it. */
  router(paths: NamespacePaths): Promise<RouterView | undefined>;
}

/** The store of one namespace. */
function openFiles(
  name: PlatformName,
  paths: NamespacePaths,
  witness: Witness,
  hooks: Pick<StoreHooks, "admit" | "onProblem">,
  hold = withLock,
): Platform {
  const platform = () => store;
  const store: Platform = new FileStore(name, paths, {
    siteUid: () => siteUid(paths),
    deriveStatus: statusSource({ paths, platform, controllerSince: witness.controllerSince }),
    correctStatus: startedStatus({
      paths,
      platform,
      router: () => witness.router(paths),
    }),
    statusFiles: [controllerFiles(paths.home).state, faultFile(paths)],
    ...hooks,
  }, hold);
  return store;
}

/** What founding a site in that namespace, whose store `platform` is, takes. */
function founderSetup(
  name: PlatformName,
  paths: NamespacePaths,
  platform: Platform,
  witness: Witness,
  hooks: Pick<StoreHooks, "admit" | "onProblem">,
): FounderSetup {
  return {
    paths,
    platform,
    openNamespace: (other) => openFiles(name, namespacePaths(paths.home, other), witness, {}),
    hosts: thisMachine,
    whileHeld: (signal, work) =>
      withLock(paths, signal, () => work(openFiles(name, paths, witness, hooks, heldAlready))),
  };
}

function controllerRunner(
  name: PlatformName,
  files: ControllerFiles,
  { env, version, executable }: PlatformRequest,
): ControllerRunner<LocalRunOptions> {
  return {
    async run(options, signal, log, ready) {
      // certificates and the grant service are much to load, and only the controller needs them
      const { runLocalController } = await import("./hosting/controller_runner.ts");
      await runLocalController(
        {
          platform: name,
          container: env[containerVariable],
          files,
          open(namespace, since, onProblem) {
            const paths = namespacePaths(files.home, namespace);
            const witness: Witness = {
              controllerSince: () => Promise.resolve(since),
              // of no interest to a controller; asking every two seconds would fill a router's log
              router: () => Promise.resolve(undefined),
            };
            const platform = openFiles(name, paths, witness, { onProblem });
            const founding = founderSetup(name, paths, platform, witness, {});
            const { whileHeld } = founding;
            const router = new LocalRouter(paths, name);
            return {
              paths,
              platform,
              foundSite: (site, signal) => foundDeclaredSite(founding, site, signal),
              liveLinks: liveLinks({ paths, router, whileHeld, env, executable }),
            };
          },
          env,
          version,
        },
        withAbsolutePaths(options),
        signal,
        log,
        ready,
      );
    },
  };
}
