import { countRequests } from "./api_requests.ts";
import type { BenchCluster } from "./bench_cluster.ts";
import { type Figure, type Goal, median } from "./figure.ts";
import { type LoadOrder, runLoad, tryLoad } from "./load.ts";

const rounds = 5;
const size = { warmUp: 300, requests: 2000 };

/** Redemptions a second that Skupper's own gave to 32 clients (docs/spec/peers.md 1). */
const upstreamPerSecond = 19.6;

/** How 32 clients at once are served with one grant, by the one replica that runs and by three. */
export async function measureReplicas(cluster: BenchCluster): Promise<Figure[]> {
  const { host, port } = new URL(cluster.issue(1).url);
  const one = [Number(port)];
  const oneReplica = measureRates(cluster, "client-key", one);
  const theirKeys = measureRates(cluster, "service-key", one);
  const token = cluster.issue(10_000);
  const counted = { kind: "client-key", ...token, warmUp: 0, requests: size.requests } as const;
  const requests = await countRequests(cluster.testbed, () => runLoad(counted));

  const others = [
    await cluster.startController(`--expose=${host}`),
    await cluster.startController(`--expose=${host}`),
  ];
  const three = [...one, ...others.map(({ grantPort }) => grantPort)];
  const threeReplicas = measureRates(cluster, "client-key", three);
  for (const other of others) await other.stop();

  const besideUpstream = ({ perSecond }: Rates) =>
    `${(perSecond / upstreamPerSecond).toFixed(0)} times upstream's ${upstreamPerSecond}/s`;
  return [
    figure("1 replica", oneReplica, besideUpstream(oneReplica), {
      text: "at least 20 times, no 503",
      isMet: oneReplica.perSecond >= 20 * upstreamPerSecond && oneReplica.failures.length === 0,
    }),
    figure("1 replica, service's key", theirKeys, besideUpstream(theirKeys)),
    {
      name: "kubernetes: API requests, one of many redemptions",
      value: (requests / size.requests).toFixed(3),
    },
    figure(
      "3 replicas",
      threeReplicas,
      `${(threeReplicas.perSecond / oneReplica.perSecond).toFixed(2)} of 1 replica`,
      {
        text: "no slower, no 503",
        isMet: threeReplicas.perSecond >= oneReplica.perSecond &&
          threeReplicas.failures.length === 0,
      },
    ),
  ];
}

/** What came of the rounds. */
interface Rates {
  /** The middle one. */
  perSecond: number;
  requests: number;
  /** What of these was not answered as it should. */
  failures: string[];
}

function measureRates(
  cluster: BenchCluster,
  kind: LoadOrder["kind"],
  ports: number[],
): Rates {
  const order = { kind, ports, ...size };
  const results = Array.from(
    { length: rounds },
    () => tryLoad({ ...order, ...cluster.issue(10_000) }),
  );
  return {
    perSecond: median(results.map(({ perSecond }) => perSecond)),
    requests: rounds * (size.warmUp + size.requests),
    failures: results.flatMap(({ failures }) => failures),
  };
}

function figure(name: string, rates: Rates, comparison: string, goal?: Goal): Figure {
  const { perSecond, requests, failures } = rates;
  const busy = failures.filter((failure) => / 503 /.test(failure)).length;
  const others = failures.length - busy;
  const told = `${busy} of ${requests} answered 503` + (others > 0 ? `, ${others} failed` : "");
  return {
    name: `kubernetes: redemptions, 32 clients, ${name}`,
    value: `${perSecond.toFixed(0)}/s`,
    comparison: `${comparison}, ${told}`,
    ...(goal === undefined ? {} : { goal }),
  };
}
