import { dirname } from "node:path";
import { sleep } from "../../../src/runtime/clock.ts";
import type { HeldLock } from "../../../src/runtime/lock.ts";
import { systemError, thisDisk } from "./disk.ts";
import { type Process, thisProcess } from "./world.ts";

export type { HeldLock };

/** Who holds which lock, by the disk that it is on. */
const holders = new WeakMap<object, Map<string, { process: Process }>>();

/** As the product's: the kernel gives it up with the process. */
export function tryLock(path: string): HeldLock | undefined {
  const disk = thisDisk();
  if (disk.find(dirname(path))?.isFolder !== true) throw systemError("ENOENT", "open", path);
  const held = holders.get(disk) ?? new Map<string, { process: Process }>();
  holders.set(disk, held);
  if (held.get(path)?.process.isAlive) return undefined;
  const mine = { process: thisProcess()! };
  held.set(path, mine);
  return {
    release() {
      if (held.get(path) === mine) held.delete(path);
    },
  };
}

export async function lock(path: string, signal: AbortSignal): Promise<HeldLock> {
  for (;;) {
    signal.throwIfAborted();
    const mine = tryLock(path);
    if (mine !== undefined) return mine;
    await sleep(1 + Math.random() * 4, signal);
  }
}

export function isLocked(path: string): boolean {
  return holders.get(thisDisk())?.get(path)?.process.isAlive === true;
}
