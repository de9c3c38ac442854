import { join } from "node:path";
import type { Manifest } from "../../src/platform/abilities.ts";
import type { ControllerOptions } from "../../src/platform/controller_options.ts";
import { withAbsolutePaths } from "../resource_files/hosting/certificate_paths.ts";
import { controllerFiles } from "../resource_files/hosting/controller_files.ts";
import { findDataHome } from "../resource_files/paths.ts";
import type { Program } from "./detached_controller.ts";
import { unitFolder } from "./systemd.ts";
import { controllerUnit, unitName } from "./systemd_controller.ts";

/**
 * The unit that `controller start` would give to systemd, for those who install it themselves.
 */
export function unitManifest(
  program: Program,
  uid: number | undefined,
  options: ControllerOptions,
): Manifest {
  const files = controllerFiles(findDataHome(program.env, uid));
  const isUser = uid !== 0;
  const text = controllerUnit(files, program, withAbsolutePaths(options), isUser);
  const path = join(unitFolder(program.env, uid), unitName(files, program, isUser));
  return { text, data: { path, unit: text } };
}
