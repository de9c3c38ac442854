import * as fs from "node:fs";
import * as path from "node:path";
import { machineOf } from "../../fakes/machine.ts";
import { type Router, startRouter } from "../../fakes/router/router.ts";
import { type Machine, siteInput, systemStart } from "../../fakes/system_start.ts";
import { eventually } from "./eventually.ts";
import { inSandbox, type Sandbox } from "./harness.ts";

/** A site that upstream started, with a router that stands in for skupper-router. */
export class RoutedSite {
  readonly machine: Machine;
  /** The namespace's folder. */
  readonly root: string;
  #router: Router | undefined;

  static async start(
    sandbox: Sandbox,
    name: string,
    differences: Partial<Machine> = {},
    spec: object = {},
  ): Promise<RoutedSite> {
    const hosts = ["127.0.0.1", "localhost"];
    const machine = await machineOf(sandbox.dataHome, name, { hosts, ...differences });
    const site = new RoutedSite(machine);
    try {
      siteInput(machine, name, spec);
      await site.reload();
      return site;
    } catch (error) {
      await site.end();
      throw error;
    }
  }

  private constructor(machine: Machine) {
    this.machine = machine;
    this.root = path.join(machine.home, "namespaces", machine.namespace);
  }

  get router(): Router {
    if (this.#router === undefined) throw new Error("no router runs");
    return this.#router;
  }

  /** Does what `skupper system reload` does. */
  async reload(): Promise<void> {
    await this.stopRouter();
    await systemStart(this.machine);
    await this.startRouter();
  }

  async startRouter(): Promise<void> {
    this.#router = await startRouter(this.root);
  }

  async stopRouter(): Promise<void> {
    await this.#router?.stop();
    this.#router = undefined;
  }

  /** What the router has logged that is not ordinary. */
  get complaints(): string[] {
    return this.router.log.filter((line) => !line.startsWith("SERVER (info) Accepted "));
  }

  /** Upstream lets others read keys, which is not ours to answer for. */
  async end(): Promise<void> {
    await this.stopRouter();
    for (const part of ["runtime", "internal"]) {
      fs.rmSync(path.join(this.root, part), { recursive: true, force: true });
    }
  }
}

/** The body of a test with west and east, both with a router, and a controller. */
export function betweenRouters(
  body: (sandbox: Sandbox, west: RoutedSite, east: RoutedSite) => Promise<void>,
  platform: "docker" | "podman" | "linux" = "linux",
) {
  return inSandbox(async (sandbox) => {
    const sites: RoutedSite[] = [];
    try {
      for (const name of ["west", "east"]) {
        sites.push(await RoutedSite.start(sandbox, name, { platform }));
      }
      await sandbox.succeed(["controller", "start", "-p", "linux"]);
      await sandbox.succeed(["site", "update", "--link-host", "localhost", "-n", "west"]);
      await body(sandbox, sites[0]!, sites[1]!);
    } finally {
      for (const site of sites) await site.end();
    }
  }, { env: { SKUPPER_PLATFORM: "" } }); // the namespaces say themselves what they were made with
}

/** A link as `link status -o json` tells it. */
export interface ListedLink {
  metadata: { name: string };
  status: { status: string; message: string; remoteSiteName?: string; remoteSiteId?: string };
  router: {
    state: string;
    since?: string;
    cost?: number;
    fault?: string;
    message?: string;
    connections?: number;
    remoteSite?: { name: string; id?: string; router: string };
  };
}

/** The links of a namespace. */
export async function listLinks(sandbox: Sandbox, namespace: string): Promise<ListedLink[]> {
  const { stdout } = await sandbox.succeed(["link", "status", "-n", namespace, "-o", "json"]);
  return JSON.parse(stdout);
}

/** Waits until the only link of a namespace is in that state, and gives it. */
export async function untilLink(
  sandbox: Sandbox,
  namespace: string,
  state: string,
): Promise<ListedLink> {
  let found: ListedLink[] = [];
  await eventually(async () => {
    found = await listLinks(sandbox, namespace);
    return found.length === 1 && found[0]!.router.state === state;
  });
  return found[0]!;
}
