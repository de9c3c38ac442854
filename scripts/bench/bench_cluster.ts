import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { isReady } from "../../src/resources/resource.ts";
import { type SiteStandIn, startSiteStandIn } from "../../test/testbed/kubernetes/site_stand_in.ts";
import { type KubernetesTestbed, startKubernetes } from "../../test/testbed/kubernetes/start.ts";
import { missingForKubernetes } from "../../test/testbed/kubernetes/programs.ts";
import type { IssuedToken } from "./bench_site.ts";
import type { Figure } from "./figure.ts";

/** A controller of the cluster that listens. */
export interface ClusterController {
  pid: number;
  grantPort: number;
  /** From its start until it said that it listens, in milliseconds. */
  startMs: number;
  stop(): Promise<void>;
}

/**
 * An API server with two sites that are ready: namespace "west" accepts links, "east" makes them.
 */
export interface BenchCluster {
  testbed: KubernetesTestbed;
  env: Record<string, string | undefined>;
  /** Runs a command; gives what it prints. Throws what it says if it fails. */
  run(...args: string[]): string;
  /** Issues a token of "west" that is good for so many redemptions. */
  issue(uses: number): IssuedToken;
  /** Starts a controller of all namespaces, and waits until it listens. */
  startController(...options: string[]): Promise<ClusterController>;
  /** Ends the controllers that still run, and the API server. */
  close(): Promise<void>;
}

/** Measures in a cluster of its own; gives nothing where there can be none, and says so. */
export async function inBenchCluster(
  hawser: string,
  measure: (cluster: BenchCluster) => Promise<Figure[]>,
): Promise<Figure[]> {
  if (missingForKubernetes !== undefined) {
    console.error(`kubernetes: not measured, as that needs ${missingForKubernetes}`);
    return [];
  }
  const cluster = await openBenchCluster(hawser);
  try {
    return await measure(cluster);
  } finally {
    await cluster.close();
  }
}

/** Starts the API server and makes the sites with the executable. Throws what that says. */
async function openBenchCluster(hawser: string): Promise<BenchCluster> {
  const testbed = await startKubernetes();
  const env = { ...process.env, KUBECONFIG: testbed.kubeconfig, SKUPPER_PLATFORM: "kubernetes" };
  const controllers: ClusterController[] = [];

  function run(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(hawser, args, { env, encoding: "utf8" });
    if (status !== 0) throw new Error(`hawser ${args.join(" ")} failed\n${stderr}`);
    return stdout;
  }

  const cluster: BenchCluster = {
    testbed,
    env,
    run,
    issue(uses) {
      const options = ["--redemptions-allowed", String(uses), "-n", "west", "-o", "json"];
      return JSON.parse(run("token", "issue", "-", ...options)).spec;
    },
    async startController(...options) {
      const log = path.join(testbed.folder, `controller-${controllers.length}.log`);
      const controller = await startController(hawser, options, env, log);
      controllers.push(controller);
      return controller;
    },
    async close() {
      await Promise.all(controllers.map((controller) => controller.stop()));
      await testbed.stop();
    },
  };
  try {
    await makeSites(testbed, startSiteStandIn(testbed, "127.0.0.1"));
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

async function makeSites({ admin }: KubernetesTestbed, standIn: SiteStandIn): Promise<void> {
  standIn.fortune.named = false;
  try {
    for (const [name, linkAccess] of [["west", "default"], ["east", "none"]] as const) {
      await admin.call("POST", "/api/v1/namespaces", { metadata: { name } });
      const sites = `/apis/skupper.io/v2alpha1/namespaces/${name}/sites`;
      const resource = { apiVersion: "skupper.io/v2alpha1", kind: "Site", metadata: { name } };
      await admin.call("POST", sites, { ...resource, spec: { linkAccess } });
      while (!isReady(await admin.call("GET", `${sites}/${name}`))) await sleep(20);
    }
  } finally {
    // nothing is left for it to do, and its own requests would be counted
    await standIn.stop();
  }
}

async function startController(
  hawser: string,
  options: string[],
  env: Record<string, string | undefined>,
  log: string,
): Promise<ClusterController> {
  const output = fs.openSync(log, "w", 0o600);
  const startedAt = performance.now();
  const child = spawn(hawser, ["controller", "run", ...options], {
    env,
    stdio: ["ignore", "ignore", output],
  });
  fs.closeSync(output);
  const ended = once(child, "exit");
  for (;;) {
    const line = fs.readFileSync(log, "utf8").split("\n").find((line) => /"listening"/.test(line));
    if (line !== undefined) {
      return {
        pid: child.pid!,
        grantPort: JSON.parse(line).grantPort,
        startMs: performance.now() - startedAt,
        async stop() {
          child.kill();
          await ended;
        },
      };
    }
    if (child.exitCode !== null) throw new Error(fs.readFileSync(log, "utf8"));
    await sleep(5);
  }
}
