import { entry } from "./entry.ts";

/** What can go wrong where the controller runs in a container. */
export const engineErrors = {
  "docker-config-invalid": entry<{ file: string; why: string }>({
    exit: "usage",
    message: (d) => `Cannot use the configuration of Docker in ${d.file}: ${d.why}`,
    hint: () => "DOCKER_HOST, CONTAINER_HOST or CONTAINER_ENDPOINT names a socket without it.",
  }),
  "docker-context-unknown": entry<{ context: string; folder: string }>({
    exit: "usage",
    message: (d) => `Docker context "${d.context}" does not exist in ${d.folder}`,
    hint: () => "docker context ls",
  }),

  "controller-elsewhere": entry<{ platform: string }>({
    exit: "precondition",
    message: (d) => `The controller of this data home is run by platform "${d.platform}"`,
    hint: (d, say) => `${say.program} controller status -p ${d.platform}`,
  }),
  "executable-needed": entry<Record<never, never>>({
    exit: "precondition",
    message: () =>
      "Cannot make a container of a program that runs from its source: its executable is needed",
    hint: () => "deno task build",
  }),
  "executable-unsuitable": entry<{ file: string; why: string }>({
    exit: "precondition",
    message: (d) => `Cannot make a container image of ${d.file}: ${d.why}`,
  }),
  "engine-remote": entry<{ endpoint: string; from: string }>({
    exit: "precondition",
    message: (d) =>
      `Cannot run the controller at ${d.endpoint} (from ${d.from}): the engine must be on this machine, at a unix socket`,
  }),
  "engine-outdated": entry<{ engine: string; has: string; least: string }>({
    exit: "precondition",
    message: (d) => `${d.engine} is too old: it has ${d.has}, and at least ${d.least} is needed`,
  }),

  "engine-forbidden": entry<{ socket: string; group: string | undefined }>({
    exit: "refused",
    message: (d) =>
      `You may not use the container engine at ${d.socket}` +
      (d.group === undefined ? "" : `: its socket is open to the group "${d.group}"`),
    hint: (d) =>
      d.group === undefined || d.group === "root"
        ? "Run this as the user whose engine it is."
        : `sudo usermod -aG ${d.group} "$USER", then log in anew`,
  }),

  "engine-unreachable": entry<{ socket: string; why: string; hint: string | undefined }>({
    exit: "unreachable",
    message: (d) => `Cannot reach the container engine at ${d.socket}: ${d.why}`,
    hint: (d) => d.hint,
  }),
  "engine-lost": entry<{ socket: string; what: string }>({
    exit: "unreachable",
    message: (d) => `The container engine at ${d.socket} ended the connection (${d.what})`,
    hint: () => "Is it still running?",
  }),

  "engine-invalid": entry<{ socket: string; why: string }>({
    exit: "failed",
    message: (d) => `What listens at ${d.socket} is no container engine: ${d.why}`,
  }),
  "engine-disk-full": entry<{ engine: string; purpose: string; program: string }>({
    exit: "failed",
    message: (d) => `${d.engine} could not ${d.purpose}: its disk is full`,
    hint: (d) => `${d.program} image prune`,
  }),
  "engine-failed": entry<{ engine: string; purpose: string; why: string }>({
    exit: "failed",
    message: (d) => `${d.engine} could not ${d.purpose}: ${d.why}`,
  }),
} as const;
