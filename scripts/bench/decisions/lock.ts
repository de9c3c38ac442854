import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryLock } from "../../../src/runtime/lock.ts";

const times = 500;

/** Prints how many microseconds a lock takes to take and to give up. */
function main(): void {
  const folder = mkdtempSync(join(tmpdir(), "hawser-lock-"));
  try {
    const path = join(folder, "lock");
    tryLock(path)?.release();
    const startedAt = performance.now();
    for (let time = 0; time < times; time++) tryLock(path)!.release();
    console.log(JSON.stringify((performance.now() - startedAt) * 1000 / times));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
