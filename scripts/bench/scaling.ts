import { type Figure, goal } from "./figure.ts";
import { type Costs, runModel } from "./replica_model.ts";

/**
 * Measured with one replica and 32 clients on two cores that nothing else used (docs/scaling.md):
 * CPU time of each process, by redemption and by request.
 */
const measured: Costs = {
  before: 0.9,
  after: 0.3,
  read: 2,
  write: 3,
  serveRead: 1.5,
  serveWrite: 6,
  client: 1.2,
  diskMs: [0.3, 1],
};

/** The same, with an etcd that waits for the disks of three machines. */
const ofCluster: Costs = { ...measured, diskMs: [4, 10] };

/** Clients of each replica: as many as keep one busy, and as many as keep eight busy. */
const clientsEach = [32, 128];

/** What the model of replicas says of one grant; it takes no time that is measured. */
export async function measureScaling(): Promise<Figure[]> {
  const figures: Figure[] = [];
  let one = 0;
  for (const replicas of [1, 3]) {
    const plan = { replicas, clients: 32, sharedCores: 2, costs: measured };
    const { perSecond, conflicts } = await runModel(plan);
    if (replicas === 1) one = perSecond;
    figures.push({
      name: `model: two cores, 32 clients, ${name(replicas)}`,
      value: `${perSecond.toFixed(0)}/s`,
      comparison: describe(perSecond / one, conflicts),
    });
  }
  for (const clients of clientsEach) {
    for (const replicas of [1, 3, 8]) {
      const plan = { replicas, clients: clients * replicas, costs: ofCluster };
      const { perSecond, conflicts, latencyMs } = await runModel(plan);
      if (replicas === 1) one = perSecond;
      const linear = perSecond / one / replicas;
      figures.push({
        name: `model: a core and ${clients} clients each, ${name(replicas)}`,
        value: `${perSecond.toFixed(0)}/s`,
        comparison: `${linear.toFixed(2)} of linear, ${conflicts.toFixed(1)} conflicts a commit, ` +
          `${latencyMs.toFixed(0)} ms`,
        ...(replicas === 1 ? {} : { goal: goal(linear, "at least", 0.8) }),
      });
    }
  }
  return figures;
}

function name(replicas: number): string {
  return replicas === 1 ? "1 replica" : `${replicas} replicas`;
}

function describe(ratio: number, conflicts: number): string {
  return `${ratio.toFixed(2)} of 1 replica, ${conflicts.toFixed(1)} conflicts a commit`;
}
