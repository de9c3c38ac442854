import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { LedgerSecrets } from "../../../platforms/kubernetes/controller/ledger_secrets.ts";
import { open } from "../../../platforms/kubernetes/mod.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { findFreePort } from "../../testbed/server_process.ts";
import { Cluster, type Replica } from "../../e2e/stage/cluster.ts";
import type { Running } from "../../e2e/stage/harness.ts";
import { CuttableProxy } from "./cut_off.ts";
import { type Ground, insist, leaveAlone } from "./ground.ts";
import { Lookout } from "./lookout.ts";
import { killAll, signalAll, startUnder } from "./running.ts";

/** How many replicas of the controller there are. */
const replicaCount = 3;

/** How long until something befalls a replica, and how long that lasts, in milliseconds. */
const liveMs = [1000, 4000] as const;
const lastsMs = [200, 2500] as const;

/** What may befall them, by how often it does. */
const troubles = {
  "a replica is killed": 8,
  "a replica is stopped for a while (SIGSTOP)": 4,
  "a replica is cut off from the API server": 6,
  "a replica's clock is two minutes ahead (faketime), killed": 1,
  "the API server is killed": 1,
};

/** Three replicas at an API server of their own, each with a proxy on the way to it. */
export async function groundOfCluster(): Promise<Ground> {
  const cluster = await Cluster.open();
  const { testbed, sandbox } = cluster;
  const names = {
    west: await cluster.createSite("west", "--enable-link-access"),
    east: await cluster.createSite("east"),
  };
  const [west, east] = [
    await openNamespace(testbed.kubeconfig, names.west),
    await openNamespace(testbed.kubeconfig, names.east),
  ];
  const exposed = `--expose=127.0.0.1:${await findFreePort()}`;
  const apiPort = Number(new URL(testbed.url).port);
  const proxies: CuttableProxy[] = [];
  const replicas: Replica[] = [];
  const start = async (place: number, wrapper: readonly string[] = []) => {
    proxies[place] ??= await CuttableProxy.start(apiPort);
    const kubeconfig = path.join(testbed.folder, `replica-${place}.kubeconfig`);
    const text = fs.readFileSync(testbed.kubeconfig, "utf8");
    fs.writeFileSync(kubeconfig, text.replaceAll(`:${apiPort}`, `:${proxies[place].port}`));
    replicas[place] = await cluster.startControllerUnder(wrapper, kubeconfig, exposed);
  };
  for (let place = 0; place < replicaCount; place++) await start(place);
  let files = 0;
  const tokens = new Lookout(east, "AccessToken");

  async function befall(what: keyof typeof troubles, place: number): Promise<void> {
    const { running } = replicas[place]!;
    const lasting = () => new Promise((resolve) => setTimeout(resolve, randomInt(...lastsMs)));
    switch (what) {
      case "a replica is stopped for a while (SIGSTOP)":
        signalAll(running, "SIGSTOP");
        await lasting();
        signalAll(running, "SIGCONT");
        return;
      case "a replica is cut off from the API server":
        proxies[place]!.cut();
        await lasting();
        proxies[place]!.mend();
        return;
      case "the API server is killed":
        await testbed.restart();
        return;
      case "a replica is killed":
        await kill(running);
        await start(place);
        return;
      case "a replica's clock is two minutes ahead (faketime), killed":
        await kill(running);
        await start(place, ["faketime", "-f", "+120s"]);
    }
  }

  return {
    ports: () => replicas.map(({ grantPort }) => grantPort),
    west,
    east,
    grants: new Lookout(west, "AccessGrant"),
    tokens,
    ledgers: new LedgerSecrets(west, new AbortController().signal),
    async end() {
      for (const { running } of replicas) await killAll(running);
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await cluster.end();
    },
    async forget(name, uid) {
      await insist((signal) => west.remove("AccessGrant", name, signal));
      // as the garbage collector does, of which this cluster has none
      await insist((signal) => west.remove("Secret", `hawser-ledger-${uid}`, signal));
    },
    redeem(text, wrapper) {
      const file = `redeem-${++files}.yaml`;
      sandbox.write(file, text);
      const words = ["token", "redeem", file, "-n", names.east, "--timeout", "20s"];
      return startUnder(sandbox, wrapper, words, { env: cluster.env });
    },
    async trouble(isOver, note) {
      const all = Object.entries(troubles).flatMap(([name, times]) => Array(times).fill(name));
      for (let turn = 0; !isOver(); turn++) {
        await new Promise((resolve) => setTimeout(resolve, randomInt(...liveMs)));
        await leaveAlone(tokens);
        const what = all[randomInt(all.length)]!;
        note(what);
        await befall(what, turn % replicaCount);
      }
    },
  };
}

async function kill(running: Running): Promise<void> {
  const { signal, stderr } = await killAll(running);
  if (signal !== "SIGKILL") throw new Error(`a replica ended by itself: ${stderr.slice(-2000)}`);
}

async function openNamespace(kubeconfig: string, namespace: string): Promise<Platform> {
  return await open({
    namespace,
    context: undefined,
    kubeconfig,
    executable: [],
    version: "0",
    env: {},
  });
}
