import { join } from "node:path";
import { appError } from "../../src/errors/app_error.ts";
import type { Manifest, ManifestOptions } from "../../src/platform/abilities.ts";
import { controllerFiles } from "../resource_files/hosting/controller_files.ts";
import { findDataHome } from "../resource_files/paths.ts";
import type { Program } from "./detached_controller.ts";
import { unitFolder } from "./systemd.ts";
import { controllerUnit, unitName } from "./systemd_controller.ts";

/** The options that only a cluster's controller has. */
const clusterOptions = {
  role: "--role",
  replicas: "--replicas",
  image: "--image",
  definitions: "--crds",
  expose: "--expose",
  watchNamespaces: "--watch-namespace",
} as const;

/**
 * The unit that `controller start` would give to systemd, for those who install it themselves.
 * Throws `platform-unsupported` for options that are a cluster's.
 */
export function unitManifest(
  program: Program,
  uid: number | undefined,
  manifest: ManifestOptions,
): Manifest {
  for (const [name, option] of Object.entries(clusterOptions)) {
    if (Object.hasOwn(manifest, name)) {
      throw appError("platform-unsupported", { platform: "linux", what: option });
    }
  }
  const { grantHost, grantPort, proxyProtocolFrom } = manifest;
  const files = controllerFiles(findDataHome(program.env, uid));
  const isUser = uid !== 0;
  const options = {
    ...(grantHost === undefined ? {} : { grantHost }),
    ...(grantPort === undefined ? {} : { grantPort }),
    ...(proxyProtocolFrom === undefined ? {} : { proxyProtocolFrom }),
  };
  const text = controllerUnit(files, program, options, isUser);
  const path = join(unitFolder(program.env, uid), unitName(files, program, isUser));
  return { text, data: { path, unit: text } };
}
