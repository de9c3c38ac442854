import type { PlatformRegistry } from "../src/platform/abilities.ts";

/** The platforms this program serves; each is loaded only when it is opened. */
export const platforms: PlatformRegistry = {
  linux: async (request) => (await import("./linux/mod.ts")).open(request),
};
