import process from "node:process";
import { errorFields, reportTo } from "../../src/controller/log.ts";
import type {
  ControllerManifest,
  ControllerRunner,
  PlatformRequest,
  PlatformWithAbilities,
} from "../../src/platform/abilities.ts";
import type { ControllerOptions, LocalRunOptions } from "../../src/platform/controller_options.ts";
import { openLocalPlatform } from "../resource_files/local_platform.ts";
import { detachedController } from "./detached_controller.ts";
import { findSystemd, notifyReady } from "./systemd.ts";
import { SystemdController } from "./systemd_controller.ts";
import { unitManifest } from "./unit_manifest.ts";

/**
 * Sites of this machine, and the controller as a unit of systemd or, where there is none, as a
 * process. Throws as `openLocalPlatform`.
 */
export function open(request: PlatformRequest): Promise<PlatformWithAbilities> {
  const uid = process.getuid?.();
  const platform = openLocalPlatform("linux", request, (files) => {
    const detached = detachedController(files, request);
    const systemd = findSystemd(request.env, uid);
    return systemd === undefined
      ? detached
      : new SystemdController({ files, program: request, systemd, detached });
  });
  const { controllerRunner } = platform;
  return Promise.resolve({
    ...platform,
    ...(controllerRunner && { controllerRunner: notifying(controllerRunner, request.env) }),
    controllerManifest: manifest(request, uid),
  });
}

/** The runner, which tells a systemd that started it when it answers. */
function notifying(
  runner: ControllerRunner<LocalRunOptions>,
  env: PlatformRequest["env"],
): ControllerRunner<LocalRunOptions> {
  return {
    run: (options, signal, log, ready) =>
      runner.run(options, signal, log, (status) => {
        const report = reportTo(log, Date.now);
        notifyReady(
          env,
          `Grant service at ${status.grantUrl}`,
          (error) => report("notify-failed", errorFields(error)),
        );
        ready?.(status);
      }),
  };
}

function manifest(
  request: PlatformRequest,
  uid: number | undefined,
): ControllerManifest<ControllerOptions> {
  return { write: (options) => Promise.resolve(unitManifest(request, uid, options)) };
}
