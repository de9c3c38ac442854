import { isAbsolute } from "node:path";
import { appError } from "../../src/errors/app_error.ts";
import { findContextHost } from "./docker_contexts.ts";

/** The engines a controller can be hosted by. */
export type EngineName = "docker" | "podman";

type Environment = Record<string, string | undefined>;

/**
 * Path of the socket of the engine to use: what CONTAINER_ENDPOINT names, as upstream has it; for
 * Docker DOCKER_HOST or its current context, as Docker has them; for Podman CONTAINER_HOST, as
 * Podman has it; else upstream's defaults
 * (docs/spec/skupper-system-sites.md 5). Throws `engine-remote` for an engine that is not at a
 * socket of this machine, `docker-config-invalid` and `docker-context-unknown`.
 */
export async function chooseSocket(
  engine: EngineName,
  env: Environment,
  uid: number | undefined,
): Promise<string> {
  const own = { docker: "DOCKER_HOST", podman: "CONTAINER_HOST" }[engine];
  for (const name of ["CONTAINER_ENDPOINT", own]) {
    if (env[name]) return socketOf(env[name], name);
  }
  if (engine === "podman") return podmanSocket(env, uid);
  const context = await findContextHost(env);
  return context === undefined
    ? "/run/docker.sock"
    : socketOf(context.host, `Docker context "${context.name}"`);
}

/** Podman has a service for the system, and one for each user. */
function podmanSocket(env: Environment, uid: number | undefined): string {
  const folder = uid === 0 ? "/run" : env["XDG_RUNTIME_DIR"] || `/run/user/${uid}`;
  return `${folder}/podman/podman.sock`;
}

function socketOf(endpoint: string, from: string): string {
  const path = endpoint.startsWith("unix://") ? endpoint.slice("unix://".length) : endpoint;
  if (isAbsolute(path)) return path;
  const url = URL.parse(endpoint);
  // a url may hold a password
  throw appError("engine-remote", {
    endpoint: url === null ? "…" : `${url.protocol}//${url.host}`,
    from,
  });
}
