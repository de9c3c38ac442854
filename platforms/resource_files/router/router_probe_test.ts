import assert from "node:assert/strict";
import * as fs from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { withDataHome } from "../../../test/fakes/data_home.ts";
import { machineOf } from "../../../test/fakes/machine.ts";
import { startRouter } from "../../../test/fakes/router/router.ts";
import { siteInput, systemStart } from "../../../test/fakes/system_start.ts";
import type { PlatformName } from "../../../src/platform/name.ts";
import type { NamespacePaths } from "../paths.ts";
import { LocalRouter } from "./local_router.ts";
import { routerProbe } from "./router_probe.ts";

const signal = new AbortController().signal;
const command = "skupper system reload -n west -p podman";
const stopped = { running: false, state: "stopped", start: command };

/** Asks anew, whatever was said a moment ago. */
function ask(paths: NamespacePaths, platform: PlatformName = "podman") {
  return routerProbe(new LocalRouter(paths, platform)).router(signal);
}

test("router() of a namespace upstream never started names the command that starts one", () =>
  withDataHome(async (home) => {
    assert.deepEqual(await ask(home.open("west").paths, "linux"), {
      running: false,
      state: "stopped",
      start: "skupper system start -n west -p linux",
    });
  }));

test("router() of a namespace upstream started is whether its own router answers", () =>
  withDataHome(async (home) => {
    const { paths } = home.open("west");
    const machine = await machineOf(home.home, "west");
    siteInput(machine, "west");
    await systemStart(machine);
    assert.deepEqual(await ask(paths), stopped);
    const router = await startRouter(paths.root);
    const running = {
      ...{ running: true, state: "running", reload: command, name: router.id },
      ...{ links: [], remoteSites: [] },
    };
    assert.deepEqual(await ask(paths), running);
    await assert.rejects(
      routerProbe(new LocalRouter(paths, "podman")).router(
        AbortSignal.abort(new Error("stopped")),
      ),
      /stopped/,
    );
    router.answers = "refusals";
    assert.deepEqual(await ask(paths), {
      running: true,
      state: "unknown",
      why: "The router refuses to list router: Forbidden (403)",
      reload: command,
    });
    router.answers = "usual";
    await rm(join(paths.runtimeResources, "RouterAccess-skupper-local.yaml"));
    assert.deepEqual(await ask(paths), {
      running: true,
      state: "unknown",
      why: "it is not known where it listens for clients of this machine",
      reload: command,
    });
    assert.deepEqual(router.log.filter((line) => line.includes("error")), []);
    await router.stop();
    assert.deepEqual((await ask(paths)).running, false);
  }));

test("a router whose port another namespace's router took runs, and can't be asked", () =>
  withDataHome(async (home) => {
    const machine = await machineOf(home.home, "west");
    siteInput(machine, "west");
    await systemStart(machine);
    const own = await machineOf(home.home, "east");
    const east = { ...own, ports: { ...own.ports, normal: machine.ports.normal } };
    siteInput(east, "east");
    await systemStart(east);
    const router = await startRouter(home.open("east").paths.root);
    const west = home.open("west").paths;
    const told = await ask(west);
    assert.deepEqual([told.running, told.state], [false, "unknown"]);
    const why = "another router or program has the port, as its certificate shows";
    assert.equal(told.why, `port ${machine.ports.normal} of 127.0.0.1: ${why}`);
    // west's own router, which found that port taken
    const config = join(west.runtimeRouter, "skrouterd.json");
    const entities: [string, { role?: string }][] = JSON.parse(fs.readFileSync(config, "utf8"));
    const others = entities.filter(([, { role }]) => role !== "normal");
    fs.writeFileSync(config, JSON.stringify(others));
    const second = await startRouter(west.root);
    assert.deepEqual([(await ask(west)).running, (await ask(west)).state], [true, "unknown"]);
    assert.deepEqual(second.log.filter((line) => line.includes("error")), []);
    await second.stop();
    await router.stop();
  }));

test("something else on the port, or a router that says nothing, is told with its reason", () =>
  withDataHome(async (home) => {
    const machine = await machineOf(home.home, "west");
    siteInput(machine, "west");
    await systemStart(machine);
    const { paths } = home.open("west");
    const sockets = new Set<Socket>();
    const other = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {}).resume().write("hello, this is not TLS");
    });
    const { normal } = machine.ports;
    await new Promise<void>((resolve) => other.listen(normal, "127.0.0.1", () => resolve()));
    const { running, state, why } = await ask(paths);
    assert.deepEqual([running, state], [false, "unknown"]);
    assert.match(why!, /^port \d+ of 127\.0\.0\.1: (it does not speak TLS|TLS failed)/);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => other.close(resolve));
    const router = await startRouter(paths.root);
    router.answers = "nothing";
    assert.equal((await ask(paths)).why, "it does not answer");
    router.answers = "nonsense";
    assert.equal(
      (await ask(paths)).why,
      "What the router answers about router can't be used: it is no list of entities",
    );
    await router.stop();
  }));
