import { existsSync } from "node:fs";
import type { Environment } from "./home.ts";
import { openServerStore } from "./store.ts";

/**
 * The ids of the configured servers, read without touching anything: a file of an older version,
 * which would be migrated, has none. Throws as `openServerStore`.
 */
export async function serverIds(env: Environment, signal: AbortSignal): Promise<string[]> {
  const store = openServerStore(env);
  if (!existsSync(store.file)) return [];
  const servers = await store.read(signal, "as they are");
  return servers.flatMap(({ serverId = [] }) => serverId);
}
