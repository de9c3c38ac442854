import * as fs from "node:fs";
import { openBenchSite } from "./bench_site.ts";
import type { Figure } from "./figure.ts";
import { runLoad } from "./load.ts";

const warmUp = 500;
const redemptions = 10_000;

/** What the controller's memory grows by while a grant is redeemed ten thousand times. Linux only. */
export function measureMemory(hawser: string): Figure[] {
  const site = openBenchSite(hawser);
  try {
    const token = { kind: "client-key", ...site.issue(2 * redemptions), warmUp: 0 } as const;
    runLoad({ ...token, requests: warmUp });
    const before = residentMegabytes(site.pid);
    runLoad({ ...token, requests: redemptions });
    const after = residentMegabytes(site.pid);
    return [{
      name: `the controller's memory after ${redemptions} redemptions`,
      value: `${after.toFixed(0)} MB`,
      comparison: `${(after - before).toFixed(0)} MB more than after ${warmUp}`,
      goal: "at most 20 MB more",
    }];
  } finally {
    site.close();
  }
}

function residentMegabytes(pid: number): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1024;
}
