import type { Dirent } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Now } from "../../../src/runtime/clock.ts";
import { systemErrorCode } from "../../../src/runtime/system_error.ts";
import { listNamespaces } from "../namespaces.ts";
import { namespacePaths, stateFolder } from "../paths.ts";

/** Older temporary files are leftovers: no write takes as long, so their maker has ended. */
const temporaryMs = 600_000;

/** A redemption that nobody has continued for so long is given up. Its key is removed. */
const pendingMs = 24 * 3_600_000;

/**
 * Removes what processes that were killed have left in a data home: temporary files, and the keys
 * of redemptions given up. Both may hold private keys. Throws what the file system refuses.
 */
export async function sweepLeftovers(home: string, now: Now = Date.now): Promise<void> {
  const inputs = (await listNamespaces(home))
    .map((namespace) => dirname(namespacePaths(home, namespace).inputResources));
  for (const folder of [stateFolder(home), ...inputs]) {
    for (const entry of await listFiles(folder)) {
      const file = join(entry.parentPath, entry.name);
      const keptMs = timeToKeep(entry);
      if (keptMs === undefined || now() - await changedAt(file) < keptMs) continue;
      await rm(file, { force: true });
    }
  }
}

/** Milliseconds; undefined for what is no leftover. */
function timeToKeep({ parentPath, name }: Dirent): number | undefined {
  if (/^\.hawser-[0-9a-f]{16}\.tmp$/.test(name)) return temporaryMs;
  return basename(parentPath) === "pending" && name.endsWith(".key") ? pendingMs : undefined;
}

async function listFiles(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile());
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return []; // or a folder that went meanwhile
    throw error;
  }
}

/** Milliseconds since 1970; Infinity for what has gone meanwhile. */
function changedAt(file: string): Promise<number> {
  return stat(file).then(({ mtimeMs }) => mtimeMs, () => Infinity);
}
