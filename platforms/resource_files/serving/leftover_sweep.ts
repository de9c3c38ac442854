import type { Dirent } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Now } from "../../../src/runtime/clock.ts";
import { unlessAbsent } from "../../../src/runtime/system_error.ts";
import { listNamespaces } from "../namespaces.ts";
import { namespacePaths, stateFolder } from "../paths.ts";

/**
 * The age from which a temporary file is a leftover, in milliseconds. No write takes as long, so
 * its maker has ended. If the clock is wrong, a write fails and can be done again.
 */
const temporaryMs = 600_000;

/**
 * How long a key is kept beyond the settled time, in milliseconds: a grant may last for weeks, and
 * who comes back then is given the use that was given to the key before, and not another one.
 */
const keptKeyMs = 90 * 86_400_000;

/** The times that the age of a leftover is measured by, in milliseconds since 1970. */
export interface SweepTimes {
  now: Now;
  /** What is over for certain: see `ControllerClock.settled`. */
  settled: Now;
}

/**
 * Removes what processes that were killed have left in a data home: temporary files, and the keys
 * of redemptions that nobody has gone on with for 90 days. Both may hold private keys. Throws what
 * the file system refuses.
 */
export async function sweepLeftovers(home: string, times: SweepTimes): Promise<void> {
  const inputs = (await listNamespaces(home))
    .map((namespace) => dirname(namespacePaths(home, namespace).inputResources));
  for (const folder of [stateFolder(home), ...inputs]) {
    for (const entry of await listFiles(folder)) {
      const file = join(entry.parentPath, entry.name);
      const goneBy = timeToGo(entry, times);
      if (goneBy === undefined || await changedAt(file) > goneBy) continue;
      await rm(file, { force: true });
    }
  }
}

/** Undefined for what is no leftover. */
function timeToGo({ parentPath, name }: Dirent, times: SweepTimes): number | undefined {
  if (/^\.hawser-[0-9a-f]{16}\.tmp$/.test(name)) return times.now() - temporaryMs;
  const isKey = basename(parentPath) === "pending" && name.endsWith(".key");
  return isKey ? times.settled() - keptKeyMs : undefined;
}

async function listFiles(folder: string): Promise<Dirent[]> {
  const reading = readdir(folder, { recursive: true, withFileTypes: true });
  const entries = await unlessAbsent(reading) ?? []; // absent: or a folder in it went meanwhile
  return entries.filter((entry) => entry.isFile());
}

/** Milliseconds since 1970; Infinity for what has gone meanwhile. */
function changedAt(file: string): Promise<number> {
  return stat(file).then(({ ctimeMs }) => ctimeMs, () => Infinity);
}
