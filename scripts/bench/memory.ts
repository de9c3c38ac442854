import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openBenchSite } from "./bench_site.ts";
import { type Figure, goal } from "./figure.ts";
import { runLoad } from "./load.ts";

const warmUp = 500;
const redemptions = 10_000;

/** The collector comes when nothing else is to be done. */
const restMs = 10_000;

/**
 * What the controller's memory at rest grows by when a grant is redeemed ten thousand times, the
 * record of which is a part of it. Linux only.
 */
export async function measureMemory(hawser: string): Promise<Figure[]> {
  const site = openBenchSite(hawser);
  try {
    const token = { kind: "client-key", ...site.issue(2 * redemptions), warmUp: 0 } as const;
    runLoad({ ...token, requests: warmUp });
    const before = await residentMegabytes(site.pid);
    runLoad({ ...token, requests: redemptions });
    const after = await residentMegabytes(site.pid);
    return [{
      name: `the controller's memory after ${redemptions} redemptions`,
      value: `${after.toFixed(0)} MB`,
      comparison: `${(after - before).toFixed(0)} MB more than after ${warmUp}`,
      goal: goal(after - before, "at most", 20, " MB more"),
    }];
  } finally {
    site.close();
  }
}

/** Resident memory of a process that has had time to rest, in MB of 2^20 bytes. Linux only. */
export async function residentMegabytes(pid: number): Promise<number> {
  await sleep(restMs);
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1024;
}
