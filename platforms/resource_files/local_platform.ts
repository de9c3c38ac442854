import process from "node:process";
import type { AppError } from "../../src/errors/app_error.ts";
import type {
  ControllerHost,
  ControllerRunner,
  PlatformRequest,
  PlatformWithAbilities,
} from "../../src/platform/abilities.ts";
import type { PlatformName } from "../../src/platform/name.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { type ControllerFiles, controllerFiles, servingSince } from "./controller_files.ts";
import { thisMachine } from "./link_hosts.ts";
import {
  controllerFolder,
  defaultNamespace,
  findDataHome,
  type NamespacePaths,
  namespacePaths,
} from "./paths.ts";
import { pendingKeyFiles } from "./pending_keys.ts";
import { routerProbe } from "./router_probe.ts";
import { siteUid } from "./site_authority.ts";
import { siteFounder } from "./site_founder.ts";
import { statusSource } from "./status_source.ts";
import { openStore } from "./store.ts";

/** Names its container to the controller that runs in one. */
export const containerVariable = "HAWSER_CONTAINER";

/**
 * A platform of this machine: sites kept as files in the data home, and a controller that `hostFor`
 * hosts. Throws `data-home-unusable` if nothing says where the data home is, and `invalid-value` for
 * a namespace that is none.
 */
export function openLocalPlatform(
  name: PlatformName,
  request: PlatformRequest,
  hostFor: (files: ControllerFiles) => ControllerHost,
): PlatformWithAbilities {
  const home = findDataHome(request.env, process.getuid?.());
  const files = controllerFiles(home);
  const paths = namespacePaths(home, request.namespace ?? defaultNamespace);
  const since = () => servingSince(files);
  const store = openFiles(name, paths, since);
  return {
    ...store,
    controllerHost: hostFor(files),
    controllerRunner: controllerRunner(name, files, request),
    siteFounder: siteFounder({
      paths,
      platform: store,
      openNamespace: (namespace) => openFiles(name, namespacePaths(home, namespace), since),
      hosts: thisMachine,
    }),
    routerProbe: routerProbe(paths, store),
    pendingKeys: pendingKeyFiles(paths),
  };
}

/** The store of one namespace; `controllerSince` as StatusSources has it. */
function openFiles(
  name: PlatformName,
  paths: NamespacePaths,
  controllerSince: () => Promise<string | undefined>,
  onProblem?: (problem: AppError) => void,
): Platform {
  const store: Platform = openStore(name, paths, {
    siteUid: () => siteUid(paths),
    deriveStatus: statusSource({
      paths,
      platform: () => store,
      controllerSince,
    }),
    statusFolders: [controllerFolder(paths.home)],
    ...(onProblem === undefined ? {} : { onProblem }),
  });
  return store;
}

function controllerRunner(
  name: PlatformName,
  files: ControllerFiles,
  { env, version }: PlatformRequest,
): ControllerRunner {
  return {
    async run(options, signal, log, ready) {
      // certificates and the grant service are much to load, and only the controller needs them
      const { runLocalController } = await import("./controller_runner.ts");
      await runLocalController(
        {
          platform: name,
          container: env[containerVariable],
          files,
          open(namespace, since, onProblem) {
            const paths = namespacePaths(files.home, namespace);
            const platform = openFiles(name, paths, () => Promise.resolve(since), onProblem);
            return { paths, platform };
          },
          env,
          version,
        },
        options,
        signal,
        log,
        ready,
      );
    },
  };
}
