import process from "node:process";
import type { AppError } from "../../src/errors/app_error.ts";
import type {
  ControllerRunner,
  PlatformRequest,
  PlatformWithAbilities,
} from "../../src/platform/abilities.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { thisMachine } from "../resource_files/link_hosts.ts";
import {
  controllerFolder,
  defaultNamespace,
  findDataHome,
  type NamespacePaths,
  namespacePaths,
} from "../resource_files/paths.ts";
import { pendingKeyFiles } from "../resource_files/pending_keys.ts";
import { routerProbe } from "../resource_files/router_probe.ts";
import { siteUid } from "../resource_files/site_authority.ts";
import { siteFounder } from "../resource_files/site_founder.ts";
import { statusSource } from "../resource_files/status_source.ts";
import { openStore } from "../resource_files/store.ts";
import { type ControllerFiles, controllerFiles, servingSince } from "./controller_files.ts";
import { detachedController } from "./detached_controller.ts";

/**
 * Sites of this machine, kept as files in the data home. Throws `data-home-unusable` if nothing says
 * where that is, and `invalid-value` for a namespace that is none.
 */
export function open(request: PlatformRequest): Promise<PlatformWithAbilities> {
  const home = findDataHome(request.env, process.getuid?.());
  const files = controllerFiles(home);
  const paths = namespacePaths(home, request.namespace ?? defaultNamespace);
  const since = () => servingSince(files);
  const store = openFiles(paths, since);
  return Promise.resolve({
    ...store,
    controllerHost: detachedController(files, request),
    controllerRunner: controllerRunner(files, request),
    siteFounder: siteFounder({
      paths,
      platform: store,
      openNamespace: (namespace) => openFiles(namespacePaths(home, namespace), since),
      hosts: thisMachine,
    }),
    routerProbe: routerProbe(paths, store),
    pendingKeys: pendingKeyFiles(paths),
  });
}

/** The store of one namespace; `controllerSince` as StatusSources has it. */
function openFiles(
  paths: NamespacePaths,
  controllerSince: () => Promise<string | undefined>,
  onProblem?: (problem: AppError) => void,
): Platform {
  const store: Platform = openStore("linux", paths, {
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
  files: ControllerFiles,
  { env, version }: PlatformRequest,
): ControllerRunner {
  return {
    async run(options, signal, log, ready) {
      // certificates and the grant service are much to load, and only the controller needs them
      const { runLinuxController } = await import("./controller_runner.ts");
      await runLinuxController(
        {
          files,
          open(namespace, since, onProblem) {
            const paths = namespacePaths(files.home, namespace);
            const platform = openFiles(paths, () => Promise.resolve(since), onProblem);
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
