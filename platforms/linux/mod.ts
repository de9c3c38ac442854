import type { PlatformRequest, PlatformWithAbilities } from "../../src/platform/abilities.ts";
import { openLocalPlatform } from "../resource_files/local_platform.ts";
import { detachedController } from "./detached_controller.ts";

/** Sites of this machine, and the controller as a process of it. Throws as `openLocalPlatform`. */
export function open(request: PlatformRequest): Promise<PlatformWithAbilities> {
  return Promise.resolve(
    openLocalPlatform("linux", request, (files) => detachedController(files, request)),
  );
}
