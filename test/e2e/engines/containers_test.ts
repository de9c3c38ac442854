import assert from "node:assert/strict";
import * as fs from "node:fs";
import { request } from "node:http";
import * as path from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import {
  containerNames,
  homeLabels,
} from "../../../platforms/container_engine/controller_container.ts";
import type { RunningController } from "../../../src/platform/abilities.ts";
import { TestAuthority } from "../../fakes/test_authority.ts";
import { hasOpenssl } from "../../openssl.ts";
import { missingForEngine } from "../../testbed/engines/programs.ts";
import { type EngineTestbed, startEngine } from "../../testbed/engines/start.ts";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Sandbox, type SandboxOptions } from "../stage/harness.ts";
import { surviveKills } from "../stage/kills.ts";
import { findQuietPort } from "../stage/quiet_port.ts";
import { proveLink } from "../stage/real_link.ts";
import { isShown, placeByLinks } from "../stage/served_certificate.ts";
import { assertRefused } from "../stage/refusal.ts";
import { RoutedSite, untilLink } from "../stage/routed_sites.ts";
import { playScript } from "../stage/script.ts";
import { issueToken, linkAccess } from "../stage/sites.ts";

const engines = [
  { title: "docker", name: "docker", rootless: false },
  { title: "podman", name: "podman", rootless: false },
  { title: "podman of an ordinary user", name: "podman", rootless: true },
] as const;

function environment(engine: EngineTestbed): Record<string, string> {
  return { SKUPPER_PLATFORM: engine.name, CONTAINER_ENDPOINT: `unix://${engine.socket}` };
}

/** Lets nothing outlive a test that its engine would start again and again. */
async function withoutContainers(
  engine: EngineTestbed,
  sandbox: Sandbox,
  body: (sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  try {
    await body(sandbox);
  } finally {
    for (const container of containerNames(sandbox.dataHome)) {
      await engine.call("DELETE", `/containers/${container}?force=true`).catch(() => {});
    }
  }
}

/** The same program in a file that differs: in a byte of its header that means nothing. */
function newerExecutable(sandbox: Sandbox): string {
  const content = fs.readFileSync(path.join(sandbox.folder, "bin/hawser"));
  content[15] = 1;
  const file = path.join(sandbox.folder, "bin/newer");
  fs.writeFileSync(file, content, { mode: 0o755 });
  return file;
}

for (const { title, name, rootless } of engines) {
  const missing = missingForEngine[name];
  if (missing !== undefined) test(`${title} (needs ${missing})`, { skip: true }, () => {});
  else describe(`on ${title}`, () => hostContract(name, rootless));
}

function hostContract(name: "docker" | "podman", rootless: boolean): void {
  let engine: EngineTestbed;

  before(async () => {
    engine = await startEngine(name, { rootless });
  });
  after(() => engine.stop());

  /** The body of a test in a sandbox whose controller is a container of the engine. */
  function onEngine(body: (sandbox: Sandbox) => Promise<void>): () => Promise<void> {
    return () => inSandbox((sandbox) => withoutContainers(engine, sandbox, body), options())();
  }

  function options(): SandboxOptions {
    return { ordinaryUser: rootless, env: environment(engine) };
  }

  async function startWithSites(sandbox: Sandbox, ...others: string[]): Promise<void> {
    await sandbox.succeed(["controller", "start", "--grant-port", await findQuietPort()]);
    await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
    for (const site of others) await sandbox.succeed(["site", "create", site, "-n", site]);
  }

  async function controllerStatus(sandbox: Sandbox): Promise<RunningController> {
    return JSON.parse((await sandbox.hawser(["controller", "status", "-o", "json"])).stdout);
  }

  async function containersOf({ dataHome }: Sandbox): Promise<{ Names: string[] }[]> {
    const filters = JSON.stringify({ label: [`hawser.data-home=${dataHome}`] });
    const path = `/containers/json?all=true&filters=${encodeURIComponent(filters)}`;
    return await engine.call("GET", path) as { Names: string[] }[];
  }

  test(
    "the first link between two sites, from its sites to their end",
    onEngine((sandbox) => {
      const [container] = containerNames(sandbox.dataHome);
      return playScript(sandbox, name, `${name} logs ${container}`);
    }),
  );

  test(
    "a redeemed link authenticates to a server of the site, and a foreign one does not (needs openssl)",
    { skip: !hasOpenssl },
    onEngine(proveLink),
  );

  test(
    "a certificate of the user's is seen in the container, also once it is renewed",
    onEngine(async (sandbox) => {
      const authority = await TestAuthority.make("Example Trust");
      const first = await authority.sign(["localhost"]);
      const port = await findQuietPort();
      const certificate = placeByLinks(sandbox, first, 1);
      await sandbox.succeed(["controller", "start", "--grant-port", port, ...certificate]);
      assert.ok(await isShown(port, first));
      const second = await authority.sign(["localhost"]);
      placeByLinks(sandbox, second, 2);
      await eventually(() => isShown(port, second));
    }),
  );

  test(
    "the controller is shut in, and says where it is",
    onEngine(async (sandbox) => {
      await sandbox.succeed(["controller", "start"]);
      const status = await controllerStatus(sandbox);
      assert.match(status.engine!, new RegExp(`^${name} \\d.*\\(${engine.socket}\\)$`, "i"));
      assert.match(status.image!, /^localhost\/hawser:[0-9a-f]{16}$/);
      assert.equal(status.platform, name);
      const process = fs.readFileSync(`/proc/${status.pid}/status`, "utf8");
      assert.match(process, new RegExp(`^Uid:\\t${fs.statSync(sandbox.dataHome).uid}\\t`, "m"));
      assert.match(process, /^CapBnd:\t0+$/m);
      assert.match(process, /^CapEff:\t0+$/m);
      assert.match(process, /^NoNewPrivs:\t1$/m);
      assert.match(process, /^Seccomp:\t2$/m);
      const mounts = fs.readFileSync(`/proc/${status.pid}/mounts`, "utf8");
      assert.match(mounts, /^\S+ \/ \S+ ro,/m);
      for (const name of fs.readdirSync(`/proc/${status.pid}/root/`)) {
        assert.notEqual(name, "home");
      }
      const found = await engine.call("GET", `/containers/${status.container}/json`) as {
        HostConfig: {
          NetworkMode: string;
          ReadonlyRootfs: boolean;
          RestartPolicy: { Name: string };
        };
        Mounts: { Source: string }[];
        Config: { Labels: Record<string, string> };
      };
      assert.equal(found.HostConfig.NetworkMode, "host");
      assert.equal(found.HostConfig.RestartPolicy.Name, "always");
      assert.equal(found.HostConfig.ReadonlyRootfs, true);
      assert.deepEqual(found.Mounts.map(({ Source }) => Source), [sandbox.dataHome]);
      assert.equal(found.Config.Labels["application"], "hawser");
    }),
  );

  // the routers of this test are root's
  if (!rootless) {
    test(
      "a token that is dropped in is a link of the router that runs, at once",
      onEngine(async (sandbox) => {
        const sites: RoutedSite[] = [];
        try {
          for (const site of ["west", "east"]) {
            sites.push(await RoutedSite.start(sandbox, site, { platform: name }));
          }
          await sandbox.succeed(["controller", "start", "--grant-port", await findQuietPort()]);
          await sandbox.succeed(["site", "update", "--link-host", "localhost", "-n", "west"]);
          const token = await issueToken(sandbox, "t.yaml");
          sandbox.write("data/namespaces/east/input/resources/t.yaml", sandbox.read("t.yaml"));
          const link = await untilLink(sandbox, "east", "operational");
          assert.deepEqual([link.metadata.name, link.status.status], [token, "Ready"]);
          assert.deepEqual(sites.flatMap(({ complaints }) => complaints), []);
        } finally {
          for (const site of sites) await site.end();
        }
      }),
    );
  }

  test(
    "what happens to the container is told, and costs no token",
    onEngine(async (sandbox) => {
      await startWithSites(sandbox, "east", "south", "north");
      await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "3");
      const { container, pid } = await controllerStatus(sandbox);

      process.kill(pid!, "SIGKILL");
      await eventually(async () => {
        const status = await controllerStatus(sandbox);
        return status.pid !== pid && status.running && status.problem === undefined;
      });
      await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);

      await engine.call("POST", `/containers/${container}/kill`);
      await eventually(async () => !(await controllerStatus(sandbox)).running);
      const killed = await sandbox.hawser(["controller", "status"]);
      assert.equal(killed.code, 3);
      assert.match(killed.stdout, /^Problem: .* container .* is exited, with exit code 137$/m);
      assert.equal((await sandbox.hawser(["token", "redeem", "t.yaml", "-n", "south"])).code, 8);
      await sandbox.succeed(["controller", "start"]);
      await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "south"]);

      await engine.call("POST", `/containers/${container}/kill`);
      await engine.call("DELETE", `/containers/${container}?force=true`);
      const removed = await sandbox.hawser(["controller", "status"]);
      assert.equal(removed.code, 3);
      assert.match(removed.stdout, /^Problem: +its container \S+ was removed$/m);
      await sandbox.succeed(["controller", "start"]);
      await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "north"]);
    }),
  );

  test(
    "a newer executable takes over, and who redeems notices nothing",
    onEngine(async (sandbox) => {
      await startWithSites(sandbox);
      await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "10000");
      let sites = 0;
      const redeemAtAnotherSite = async () => {
        const site = `site-${sites++}`;
        await sandbox.succeed(["site", "create", site, "-n", site]);
        await sandbox.succeed(["token", "redeem", "t.yaml", "-n", site]);
      };
      const before = await controllerStatus(sandbox);

      let isRestarted = false;
      const restart = sandbox.run(newerExecutable(sandbox), ["controller", "restart"])
        .finally(() => isRestarted = true);
      while (!isRestarted) await redeemAtAnotherSite();
      const { code, stdout, stderr } = await restart;
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^The controller has been restarted\.$/m);
      const status = await controllerStatus(sandbox);
      assert.equal(status.grantUrl, before.grantUrl);
      assert.notEqual(status.image, before.image);
      assert.equal((await containersOf(sandbox)).length, 1);
      const images = await engine.call("GET", "/images/json") as { RepoTags: string[] | null }[];
      assert.deepEqual(images.flatMap(({ RepoTags }) => RepoTags ?? []), [status.image]);
      await redeemAtAnotherSite();
    }),
  );

  test(
    "a restart that is interrupted leaves a controller that answers",
    onEngine(async (sandbox) => {
      await startWithSites(sandbox);
      for (const afterMs of [0, 200, 400, 600]) {
        const restart = sandbox.start(["controller", "restart"]);
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        restart.process.kill("SIGINT");
        await restart.ended;
        let last: unknown;
        await eventually(async () => {
          const status = await controllerStatus(sandbox);
          last = { afterMs, status, containers: await containersOf(sandbox) };
          return status.running && status.problem === undefined;
        }, () => JSON.stringify(last, null, 1));
      }
      await sandbox.succeed(["controller", "restart"]);
      assert.equal((await containersOf(sandbox)).length, 1);
    }),
  );

  test(
    "half a container, left by a command that was killed, stands in the way of nothing",
    onEngine(async (sandbox) => {
      await startWithSites(sandbox);
      const [, name] = containerNames(sandbox.dataHome);
      const { image } = await controllerStatus(sandbox);
      const Labels = Object.fromEntries(homeLabels(sandbox.dataHome).map((one) => one.split("=")));
      const spec = { Image: image, Cmd: ["version"], Labels };
      for (let afterMs = 0; afterMs < 60; afterMs += 3) {
        if (!await makeHalf(name, spec, afterMs)) continue;
        await sandbox.succeed(["controller", "restart"]);
        assert.equal((await controllerStatus(sandbox)).problem, undefined);
        break;
      }
      for (let afterMs = 0; afterMs < 60; afterMs += 3) {
        if (await makeHalf(name, spec, afterMs)) break;
      }
      await sandbox.succeed(["controller", "stop"]);
    }),
  );

  /**
   * Removes a container while it is being made; true if the engine can list none after that, as
   * Podman.
   */
  async function makeHalf(name: string, spec: object, afterMs: number): Promise<boolean> {
    const asked = request({
      socketPath: engine.socket,
      method: "POST",
      path: `/v1.41/containers/create?name=${name}`,
      headers: { "content-type": "application/json" },
      agent: false,
    });
    asked.on("error", () => {});
    asked.end(JSON.stringify(spec));
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    asked.destroy();
    const remove = () =>
      engine.call("DELETE", `/containers/${name}?force=true`).then(() => true, () => false);
    const canList = () =>
      engine.call("GET", "/containers/json?all=true").then(() => true, () => false);
    await remove();
    if (!await canList()) return true;
    await remove();
    return false;
  }

  // an ordinary user may stop processes, not freeze them, where control groups are of version 1
  if (!rootless) {
    test(
      "a paused controller is told as such, and ended by a restart",
      onEngine(async (sandbox) => {
        await startWithSites(sandbox);
        const { container } = await controllerStatus(sandbox);
        await engine.call("POST", `/containers/${container}/pause`);
        const { problem } = await controllerStatus(sandbox);
        assert.equal(problem, `its container ${container} is paused`);
        assert.equal((await sandbox.hawser(["controller", "start"])).code, 7);
        await sandbox.succeed(["controller", "restart"]);
        assert.equal((await controllerStatus(sandbox)).problem, undefined);
      }),
    );
  }

  test(
    "a port that another container has is refused, and nothing is left",
    onEngine(async (sandbox) => {
      const port = await findQuietPort();
      await sandbox.succeed(["controller", "start", "--grant-port", port]);
      await onEngine(async (other) => {
        assertRefused(
          await other.hawser(["controller", "start", "--grant-port", port]),
          3,
          `error: Cannot listen on * port ${port}: the port is in use`,
          "hint: Choose another port with --grant-port.",
        );
        assert.deepEqual(await containersOf(other), []);
      })();
    }),
  );

  test(
    "another platform leaves the container alone",
    onEngine(async (sandbox) => {
      await sandbox.succeed(["controller", "start"]);
      for (const verb of ["stop", "restart"]) {
        assertRefused(
          await sandbox.hawser(["controller", verb, "-p", "linux"]),
          3,
          `error: The controller of this data home is run by platform "${name}"`,
          `hint: hawser controller status -p ${name}`,
        );
      }
      assert.equal((await controllerStatus(sandbox)).problem, undefined);
    }),
  );

  test(
    "whenever the engine kills the container, no use is lost and none is given twice",
    onEngine(async (sandbox) => {
      await sandbox.succeed(["controller", "start", "--grant-port", await findQuietPort()]);
      const container = `/containers/${containerNames(sandbox.dataHome)[0]}`;
      let isMade = false;
      await surviveKills(sandbox, async () => {
        if (isMade) await engine.call("POST", `${container}/start`);
        else await sandbox.succeed(["controller", "start"]);
        isMade = true;
        return async () => void await engine.call("POST", `${container}/kill`);
      }, 400);
    }),
  );
}
