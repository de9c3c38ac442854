import assert from "node:assert/strict";
import process from "node:process";
import type { Kind, ResourceOf } from "../../../src/resources/kinds.ts";
import { parseToken, type UsableToken } from "../../../src/token/token_file.ts";
import { type SiteStandIn, startSiteStandIn } from "../../testbed/kubernetes/site_stand_in.ts";
import { type KubernetesTestbed, startKubernetes } from "../../testbed/kubernetes/start.ts";
import { eventually } from "./eventually.ts";
import { type Outcome, type Running, Sandbox } from "./harness.ts";

/** A controller of the cluster that runs. */
export interface Replica {
  running: Running;
  grantPort: number;
  operationsUrl: string;
  /** What it has said so far. */
  log(): string;
}

const plurals: { [K in Kind]: string } = {
  Site: "skupper.io/v2alpha1 sites",
  Link: "skupper.io/v2alpha1 links",
  AccessGrant: "skupper.io/v2alpha1 accessgrants",
  AccessToken: "skupper.io/v2alpha1 accesstokens",
  RouterAccess: "skupper.io/v2alpha1 routeraccesses",
  Secret: "v1 secrets",
};

/** A real API server with a stand-in for what looks after sites, and the executable as its user. */
export class Cluster {
  readonly testbed: KubernetesTestbed;
  readonly standIn: SiteStandIn;
  readonly sandbox: Sandbox = new Sandbox();
  #files = 0;

  private constructor(testbed: KubernetesTestbed) {
    this.testbed = testbed;
    this.standIn = startSiteStandIn(testbed, "127.0.0.1");
    this.standIn.fortune.named = false;
  }

  static async open(): Promise<Cluster> {
    return new Cluster(await startKubernetes());
  }

  async end(): Promise<void> {
    try {
      await this.sandbox.end();
    } finally {
      await this.standIn.stop();
      await this.testbed.stop();
    }
  }

  get env(): Record<string, string | undefined> {
    return { SKUPPER_PLATFORM: undefined, KUBECONFIG: this.testbed.kubeconfig };
  }

  /** Runs a command of the administrator. */
  hawser(...args: string[]): Promise<Outcome> {
    return this.sandbox.hawser(args, { env: this.env });
  }

  /** The same, which must succeed. */
  succeed(...args: string[]): Promise<Outcome> {
    return this.sandbox.succeed(args, { env: this.env });
  }

  /** A new namespace with a site in it. */
  async createSite(name: string, ...options: string[]): Promise<string> {
    const namespace = await this.testbed.createNamespace();
    await this.succeed("site", "create", name, "-n", namespace, ...options);
    return namespace;
  }

  /** Issues a token at the namespace's site. */
  async issue(
    namespace: string,
    ...options: string[]
  ): Promise<{ token: UsableToken; file: string }> {
    const file = `my_token_${++this.#files}.yaml`;
    await this.succeed("token", "issue", file, "-n", namespace, ...options);
    return { token: parseToken(this.sandbox.read(file), file), file };
  }

  /** Starts a controller and waits until it serves. */
  startController(...args: string[]): Promise<Replica> {
    return this.#serving(this.sandbox.start(["controller", "run", ...args], { env: this.env }));
  }

  /** The same on a machine whose clock is off, as faketime(1) writes it. */
  startControllerWithClock(off: string, ...args: string[]): Promise<Replica> {
    return this.startControllerUnder(["faketime", "-f", off], this.testbed.kubeconfig, ...args);
  }

  /** The same under another program, if one is named, with that kubeconfig. */
  startControllerUnder(
    wrapper: readonly string[],
    kubeconfig: string,
    ...args: string[]
  ): Promise<Replica> {
    const env = { ...this.env, KUBECONFIG: kubeconfig };
    const words = ["controller", "run", ...args];
    const [program, ...others] = wrapper;
    return this.#serving(
      program === undefined
        ? this.sandbox.start(words, { env })
        : this.sandbox.launch(program, [...others, "hawser", ...words], { env }),
    );
  }

  async #serving(running: Running): Promise<Replica> {
    let log = "";
    running.process.stderr!.on("data", (text) => log += text);
    let isOver = false;
    running.ended.then(() => isOver = true);
    await eventually(() => log.includes('"event":"listening"') || isOver, () => log);
    assert.ok(!isOver, log);
    const line = log.split("\n").find((line) => line.includes('"event":"listening"'))!;
    return { running, log: () => log, ...JSON.parse(line) };
  }

  /** Asks a controller to end, and waits until it has. */
  async stopController({ running }: Replica): Promise<Outcome> {
    process.kill(running.process.pid!, "SIGTERM");
    return await running.ended;
  }

  /** A resource as it is stored; undefined if there is none. */
  async read<K extends Kind>(
    kind: K,
    namespace: string,
    name: string,
  ): Promise<ResourceOf<K> | undefined> {
    const path = `${this.#path(kind, namespace)}/${name}`;
    return await this.testbed.admin.call("GET", path).catch(() => undefined);
  }

  async list<K extends Kind>(kind: K, namespace: string): Promise<ResourceOf<K>[]> {
    return (await this.testbed.admin.call("GET", this.#path(kind, namespace))).items;
  }

  /** Stores a new resource, without its status. */
  async create(
    namespace: string,
    resource: { kind: Kind; [field: string]: unknown },
  ): Promise<void> {
    await this.testbed.admin.call("POST", this.#path(resource.kind, namespace), resource);
  }

  async remove(kind: Kind, namespace: string, name: string): Promise<void> {
    await this.testbed.admin.call("DELETE", `${this.#path(kind, namespace)}/${name}`);
  }

  /** Has a resource be deleted after its dependents: until then it stays, with a deletion time. */
  async removeInForeground(kind: Kind, namespace: string, name: string): Promise<void> {
    const options = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Foreground" };
    await this.testbed.admin.call("DELETE", `${this.#path(kind, namespace)}/${name}`, options);
  }

  /** Changes fields of a resource, or of its status. */
  async patch(kind: Kind, namespace: string, name: string, fields: object): Promise<void> {
    const path = `${this.#path(kind, namespace)}/${name}`;
    await this.testbed.admin.call("PATCH", "status" in fields ? `${path}/status` : path, fields);
  }

  #path(kind: Kind, namespace: string): string {
    const [version, plural] = plurals[kind].split(" ");
    return `/${version === "v1" ? "api" : "apis"}/${version}/namespaces/${namespace}/${plural}`;
  }
}
