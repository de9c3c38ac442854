import type { PlatformRegistry } from "../src/platform/abilities.ts";

/** The platforms this program serves; each is loaded only when it is opened. */
export const platforms: PlatformRegistry = {
  detect: async (namespace, env) =>
    (await import("./resource_files/namespace_platform.ts")).detectPlatform(namespace, env),
  namespaces: async (env) =>
    (await import("./resource_files/namespace_platform.ts")).namespacesHere(env),
  contexts: async (request) =>
    (await import("./kubernetes/access/kubeconfig.ts")).contextNames(request),
  kubernetes: async (request) => (await import("./kubernetes/mod.ts")).open(request),
  docker: async (request) => (await import("./docker/mod.ts")).open(request),
  podman: async (request) => (await import("./podman/mod.ts")).open(request),
  linux: async (request) => (await import("./linux/mod.ts")).open(request),
};
