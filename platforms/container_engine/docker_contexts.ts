import { createHash } from "node:crypto";
import { join } from "node:path";
import { appError, isAppError } from "../../src/errors/app_error.ts";
import { readLimited } from "../../src/runtime/files.ts";

type Environment = Record<string, string | undefined>;

/** Where Docker's current context has its engine. */
export interface ContextHost {
  name: string;
  /** As in DOCKER_HOST. */
  host: string;
}

const maxBytes = 1024 * 1024;

/** Docker's own name for the engine at its usual socket. */
const defaultContext = "default";

/**
 * The engine of the context that DOCKER_CONTEXT or Docker's configuration names; undefined for the
 * default one. Throws `docker-config-invalid` and `docker-context-unknown`.
 */
export async function findContextHost(env: Environment): Promise<ContextHost | undefined> {
  const folder = env["DOCKER_CONFIG"] || (env["HOME"] && join(env["HOME"], ".docker"));
  if (!folder) return undefined;
  const name = env["DOCKER_CONTEXT"] || await readCurrentContext(folder);
  if (!name || name === defaultContext) return undefined;
  const id = createHash("sha256").update(name).digest("hex");
  const file = join(folder, "contexts", "meta", id, "meta.json");
  const meta = await readJson(file);
  if (meta === undefined) throw appError("docker-context-unknown", { context: name, folder });
  const host = property(property(property(meta, "Endpoints"), "docker"), "Host");
  if (typeof host === "string") return { name, host };
  throw appError("docker-config-invalid", { file, why: "it names no engine" });
}

async function readCurrentContext(folder: string): Promise<string | undefined> {
  const context = property(await readJson(join(folder, "config.json")), "currentContext");
  return typeof context === "string" ? context : undefined;
}

/** What a file holds; undefined if there is none. */
async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(await readLimited(file, maxBytes)));
  } catch (cause) {
    if (isAppError(cause, "file-not-found")) return undefined;
    const why = cause instanceof SyntaxError ? "it is no JSON" : (cause as Error).message;
    throw appError("docker-config-invalid", { file, why }, { cause });
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name] // any object may be asked so
    : undefined;
}
