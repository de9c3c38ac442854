import { type BenchCluster, inBenchCluster } from "./bench_cluster.ts";
import { type Figure, goal } from "./figure.ts";
import { tryLoad } from "./load.ts";
import { residentMegabytes } from "./memory.ts";

/** How many redemptions come before each of those that are measured, and how many those are. */
const stages = [300, 5000, 20_000];
const measured = 2000;

/** How many are asked for at once meanwhile. */
const step = 1000;

/** How long no more is begun after, in milliseconds: what was reached by then is measured. */
const enoughMs = 200_000;

/** What a redemption of one grant takes once many came before, in time and in memory. */
export function measureLongLedger(hawser: string): Promise<Figure[]> {
  return inBenchCluster(hawser, measure);
}

async function measure(cluster: BenchCluster): Promise<Figure[]> {
  const startedAt = performance.now();
  const { pid, grantPort } = await cluster.startController("--grant-host=127.0.0.1");
  const token = cluster.issue(60_000);
  let redeemed = 0;
  let failed = 0;
  const redeem = (requests: number) => {
    const order = { kind: "client-key" as const, ports: [grantPort], ...token, warmUp: 0 };
    const { perSecond, failures } = tryLoad({ ...order, requests });
    redeemed += requests;
    failed += failures.length;
    return perSecond;
  };
  const rates: { before: number; perSecond: number }[] = [];
  const memory: { redeemed: number; megabytes: number }[] = [];
  for (const before of stages) {
    while (redeemed < before && performance.now() - startedAt < enoughMs) {
      redeem(Math.min(step, before - redeemed));
    }
    rates.push({ before: redeemed, perSecond: redeem(measured) });
    memory.push({ redeemed, megabytes: await residentMegabytes(pid) });
  }
  const first = rates[0]!;
  const last = rates.at(-1)!;
  const [, least, most] = memory as [unknown, typeof memory[0], typeof memory[0]];
  const bytes = (most.megabytes - least.megabytes) * 2 ** 20 / (most.redeemed - least.redeemed);
  const isLong = last.before >= stages.at(-1)!;
  return [
    ...rates.map(({ before, perSecond }): Figure => ({
      name: `kubernetes: redemptions of one grant after ${before}`,
      value: `${perSecond.toFixed(0)}/s`,
      ...(before === first.before ? {} : {
        comparison: `${(perSecond / first.perSecond).toFixed(2)} of that after ${first.before}`,
      }),
      ...(before !== last.before ? {} : {
        goal: {
          text: `at least 0.9 of that, ${stages.at(-1)} before, none failed (${failed} did)`,
          isMet: perSecond >= 0.9 * first.perSecond && failed === 0 && isLong,
        },
      }),
    })),
    {
      name: "kubernetes: memory for each redemption on record",
      value: `${bytes.toFixed(0)} B`,
      comparison: `from ${least.redeemed} to ${most.redeemed} redemptions`,
      goal: goal(bytes, "at most", 500, " B"),
    },
  ];
}
