import process from "node:process";
import type { PlatformRequest, PlatformWithAbilities } from "../../src/platform/abilities.ts";
import { ContainerController } from "../container_engine/controller_host.ts";
import { openLocalPlatform } from "../resource_files/local_platform.ts";

/**
 * Sites of this machine, and the controller as a container of Docker. Throws as
 * `openLocalPlatform`.
 */
export function open(request: PlatformRequest): Promise<PlatformWithAbilities> {
  return Promise.resolve(
    openLocalPlatform(
      "docker",
      request,
      (files) => new ContainerController("docker", files, request, process.getuid?.()),
    ),
  );
}
