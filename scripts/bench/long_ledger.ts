import type { BenchCluster } from "./bench_cluster.ts";
import { type Figure, goal } from "./figure.ts";
import { tryLoad } from "./load.ts";
import { residentMegabytes } from "./memory.ts";

/** Redemptions that come before those that are measured, and how many are measured. */
const before = [300, 20_000] as const;
const measured = 2000;

/** What a redemption of one grant takes once many came before, in time and in memory. */
export async function measureLongLedger(cluster: BenchCluster): Promise<Figure[]> {
  const { host } = new URL(cluster.issue(1).url);
  const controller = await cluster.startController(`--expose=${host}`);
  try {
    const ports = [controller.grantPort];
    const token = cluster.issue(60_000);
    const redeem = (requests: number) => {
      const order = { kind: "client-key", ports, ...token, warmUp: 0, requests } as const;
      const { perSecond, failures } = tryLoad(order);
      return { perSecond, failures: failures.length };
    };
    redeem(before[0]);
    const first = redeem(measured);
    const megabytes = await residentMegabytes(controller.pid);
    const between = redeem(before[1]);
    const last = redeem(measured);
    const grown = await residentMegabytes(controller.pid) - megabytes;
    const bytes = grown * 2 ** 20 / (before[1] + measured);
    const failed = first.failures + between.failures + last.failures;
    const ratio = last.perSecond / first.perSecond;
    return [
      {
        name: `kubernetes: redemptions of one grant after ${before[0]}`,
        value: `${first.perSecond.toFixed(0)}/s`,
      },
      {
        name: `kubernetes: redemptions of one grant after ${before[1] + measured}`,
        value: `${last.perSecond.toFixed(0)}/s`,
        comparison: `${ratio.toFixed(2)} of that, ${failed} failed`,
        goal: { text: "at least 0.9 of that, none failed", isMet: ratio >= 0.9 && failed === 0 },
      },
      {
        name: "kubernetes: memory for each redemption on record",
        value: `${bytes.toFixed(0)} B`,
        goal: goal(bytes, "at most", 500, " B"),
      },
    ];
  } finally {
    await controller.stop();
  }
}
