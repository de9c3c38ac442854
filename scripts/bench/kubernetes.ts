import * as fs from "node:fs";
import * as path from "node:path";
import { countRequests } from "./api_requests.ts";
import { type BenchCluster, inBenchCluster } from "./bench_cluster.ts";
import { type Figure, goal } from "./figure.ts";
import { runLoad } from "./load.ts";
import { measureCommands } from "./processes.ts";

const rounds = 20;
const redemptions = 20;

/** Milliseconds that Skupper's own took (docs/spec/peers.md 1). */
const upstreamMs = { issue: 1035, redeem: 1040 };

/** What tokens cost on Kubernetes: time, and requests to the API server. */
export function measureKubernetes(hawser: string): Promise<Figure[]> {
  return inBenchCluster(hawser, async (cluster) => {
    await cluster.startController("--grant-host=127.0.0.1");
    return [...measureTimes(cluster, hawser), ...await measureRequests(cluster)];
  });
}

/** Issuing and redeeming beside the least that kubectl does: it creates one object. */
function measureTimes(cluster: BenchCluster, hawser: string): Figure[] {
  const { testbed, env } = cluster;
  const file = (name: string) => path.join(testbed.folder, name);
  fs.writeFileSync(file("grant.yaml"), bareGrant);
  const renew = () => issueFile(cluster, file("west.yaml"));
  renew();
  const commands = {
    create: [testbed.kubectl, "create", "-n", "west", "-f", file("grant.yaml")],
    issue: [hawser, "token", "issue", file("issued.yaml"), "-n", "west"],
    redeem: [hawser, "token", "redeem", file("west.yaml"), "-n", "east"],
  };
  const [create, issue, redeem] = measureCommands(commands, rounds, env, () => {
    fs.rmSync(file("issued.yaml"));
    renew();
  });
  const besideUpstream = (ms: number, theirs: number) =>
    `${(ms / theirs).toFixed(2)} of upstream's ${theirs} ms`;
  return [
    { name: "kubernetes: kubectl create of a grant", value: `${create!.ms.toFixed(0)} ms` },
    {
      name: "kubernetes: hawser token issue",
      value: `${issue!.ms.toFixed(0)} ms`,
      comparison: `${(issue!.ms / create!.ms).toFixed(2)} times kubectl create`,
      goal: goal(issue!.ms / create!.ms, "at most", 2, " times"),
    },
    {
      name: "kubernetes: hawser token issue",
      value: `${issue!.ms.toFixed(0)} ms`,
      comparison: besideUpstream(issue!.ms, upstreamMs.issue),
      goal: goal(issue!.ms / upstreamMs.issue, "at most", 0.15),
    },
    {
      name: "kubernetes: hawser token redeem",
      value: `${redeem!.ms.toFixed(0)} ms`,
      comparison: besideUpstream(redeem!.ms, upstreamMs.redeem),
      goal: goal(redeem!.ms / upstreamMs.redeem, "at most", 0.3),
    },
  ];
}

/** All requests that come of a command, the controller's and its Events too. */
async function measureRequests(cluster: BenchCluster): Promise<Figure[]> {
  const { testbed, run } = cluster;
  const file = path.join(testbed.folder, "counted.yaml");
  const issuing = await countRequests(testbed, () => issueFile(cluster, file));
  const redeeming = await countRequests(testbed, () => run("token", "redeem", file, "-n", "east"));
  const token = cluster.issue(redemptions);
  const load = { kind: "client-key", ...token, warmUp: 0, requests: redemptions } as const;
  const inTurn = await countRequests(testbed, () => runLoad({ ...load, clients: 1 }));
  const figure = (what: string, requests: number) => ({
    name: `kubernetes: API requests, ${what}`,
    value: requests.toFixed(requests < 10 && requests % 1 > 0 ? 1 : 0),
  });
  return [
    figure("a token issued", issuing),
    figure("a token redeemed, at both sites", redeeming),
    figure("a redemption served", inTurn / redemptions),
  ];
}

function issueFile({ run }: BenchCluster, file: string): void {
  fs.rmSync(file, { force: true });
  run("token", "issue", file, "-n", "west");
}

const bareGrant = `apiVersion: skupper.io/v2alpha1
kind: AccessGrant
metadata:
  generateName: bare-
spec:
  redemptionsAllowed: 1
`;
