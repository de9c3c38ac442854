import { countRequests } from "./api_requests.ts";
import { type BenchCluster, inBenchCluster } from "./bench_cluster.ts";
import { type Figure, type Goal, median } from "./figure.ts";
import { type LoadOrder, tryLoad } from "./load.ts";

const rounds = 5;
const requests = 1500;

/** What each replica has served before anything is measured: programs are slow at first. */
const warmUp = 1000;

/** How long no more rounds are begun after, in milliseconds. */
const enoughMs = 200_000;

/** Redemptions a second that Skupper's own gave to 32 clients (docs/spec/peers.md 1). */
const upstreamPerSecond = 19.6;

/** How clients at once are served with one grant, by one replica and by three, in turns. */
export function measureReplicas(hawser: string): Promise<Figure[]> {
  return inBenchCluster(hawser, measure);
}

async function measure(cluster: BenchCluster): Promise<Figure[]> {
  const startedAt = performance.now();
  const first = await cluster.startController("--grant-host=127.0.0.1");
  const { host } = new URL(cluster.issue(1).url);
  const start = () => cluster.startController(`--expose=${host}`);
  const all = [first, await start(), await start()].map(({ grantPort }) => grantPort);
  const one = [first.grantPort];
  const kinds = {
    one: { kind: "client-key", ports: one, clients: 32 },
    theirKeys: { kind: "service-key", ports: one, clients: 32 },
    three: { kind: "client-key", ports: all, clients: 32 },
    oneOfMany: { kind: "client-key", ports: one, clients: 96 },
    threeOfMany: { kind: "client-key", ports: all, clients: 96 },
    threeGrants: { kind: "client-key", ports: all, clients: 96, grants: 3 },
  } as const;
  const results = Object.fromEntries(
    Object.keys(kinds).map((name) => [name, { rates: [] as number[], failures: [] as string[] }]),
  ) as Record<keyof typeof kinds, Served>;
  // each alone: what a replica has served is what warms it
  for (const port of all) redeem(cluster, { ...kinds.one, ports: [port] }, warmUp);
  const counted = await countRequests(cluster.testbed, () => redeem(cluster, kinds.one, requests));
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && performance.now() - startedAt > enoughMs) break;
    for (const name of Object.keys(kinds) as (keyof typeof kinds)[]) {
      const { perSecond, failures } = redeem(cluster, kinds[name], requests);
      results[name].rates.push(perSecond);
      results[name].failures.push(...failures);
    }
  }
  const besideUpstream = (served: Served) =>
    `${(median(served.rates) / upstreamPerSecond).toFixed(0)} times upstream's ` +
    `${upstreamPerSecond}/s`;
  const { one: alone, theirKeys, three, oneOfMany, threeOfMany, threeGrants } = results;
  const perSecond = median(alone.rates);
  return [
    figure("32 clients, 1 replica", alone, besideUpstream(alone), {
      text: "at least 20 times, no 503",
      isMet: perSecond >= 20 * upstreamPerSecond && alone.failures.length === 0,
    }),
    figure("32 clients, 1 replica, service's key", theirKeys, besideUpstream(theirKeys)),
    {
      name: "kubernetes: API requests, one of many redemptions",
      value: (counted / requests).toFixed(3),
    },
    compare("32 clients, 3 replicas", three, alone),
    figure("96 clients, 1 replica", oneOfMany, besideUpstream(oneOfMany)),
    compare("96 clients, 3 replicas", threeOfMany, oneOfMany),
    // nobody writes what another does: what three processes cost is in it, and no contention
    figure("96 clients, 3 replicas, a grant each", threeGrants, besideOne(threeGrants, oneOfMany)),
  ];
}

/** What came of the rounds: redemptions a second, and what was not answered as it should. */
interface Served {
  rates: number[];
  failures: string[];
}

function redeem(
  cluster: BenchCluster,
  order: Pick<LoadOrder, "kind"> & { ports: readonly number[]; clients: number; grants?: number },
  requests: number,
) {
  const ports = [...order.ports];
  const grants = Array.from({ length: order.grants ?? 1 }, () => cluster.issue(10_000));
  return tryLoad({ ...order, ...grants[0]!, grants, ports, warmUp: 0, requests });
}

/** Three beside one of the same round, since other work shares the machine. */
function compare(name: string, three: Served, one: Served): Figure {
  return figure(name, three, besideOne(three, one), {
    text: "no slower, no 503",
    isMet: ratioOf(three, one) >= 1 && three.failures.length === 0,
  });
}

function besideOne(three: Served, one: Served): string {
  return `${ratioOf(three, one).toFixed(2)} of 1 replica`;
}

function ratioOf(three: Served, one: Served): number {
  return median(three.rates.map((rate, round) => rate / one.rates[round]!));
}

function figure(name: string, served: Served, comparison: string, goal?: Goal): Figure {
  const { rates, failures } = served;
  const busy = failures.filter((failure) => / 503 /.test(failure)).length;
  const others = failures.filter((failure) => !/ 503 /.test(failure));
  const told = `${busy} of ${rates.length * requests} answered 503` +
    (others.length > 0 ? `, ${others.length} failed, the first with "${others[0]}"` : "");
  return {
    name: `kubernetes: redemptions, ${name}`,
    value: `${median(rates).toFixed(0)}/s`,
    comparison: `${comparison}, ${told}`,
    ...(goal === undefined ? {} : { goal }),
  };
}
