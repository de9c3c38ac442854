import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { startRouter } from "../../../test/fakes/router.ts";
import { siteInput, systemStart } from "../../../test/fakes/system_start.ts";
import { newSite, withDataHome } from "../../../test/fakes/data_home.ts";
import { machineOf } from "../../../test/fakes/machine.ts";
import { routerProbe } from "./router_probe.ts";

const signal = new AbortController().signal;
const site = newSite("west");
const command = "skupper system reload -n west -p podman";
const stopped = { running: false, start: command };
const running = { running: true, reload: command };

test("router() of a namespace upstream never started names the command that starts one", () =>
  withDataHome(async (home) => {
    const probe = routerProbe(home.open("west").paths, "linux");
    assert.deepEqual(await probe.router(site, signal), {
      running: false,
      start: "skupper system start -n west -p linux",
    });
  }));

test("router() of a namespace upstream started is whether its own router answers", () =>
  withDataHome(async (home) => {
    const { paths } = home.open("west");
    const machine = await machineOf(home.home, "west");
    siteInput(machine, "west");
    await systemStart(machine);
    const probe = routerProbe(paths, "linux");
    assert.deepEqual(await probe.router(site, signal), stopped);
    const router = await startRouter(paths.root);
    assert.deepEqual(await probe.router(site, signal), running);
    await assert.rejects(probe.router(site, AbortSignal.abort(new Error("stopped"))), /stopped/);
    await rm(join(paths.runtimeResources, "RouterAccess-skupper-local.yaml"));
    assert.deepEqual(await probe.router(site, signal), running);
    await router.stop();
    assert.deepEqual(await probe.router(site, signal), stopped);
  }));

test("router() is not taken in by another namespace's router, or by something else, on the port", () =>
  withDataHome(async (home) => {
    const machine = await machineOf(home.home, "west");
    for (const namespace of ["west", "east"]) {
      siteInput({ ...machine, namespace }, namespace);
      await systemStart({ ...machine, namespace });
    }
    const router = await startRouter(home.open("east").paths.root);
    const probe = routerProbe(home.open("west").paths, "podman");
    assert.deepEqual(await probe.router(site, signal), stopped);
    await router.stop();
    const other = createServer((socket) => socket.on("error", () => {}).resume().end("hello"));
    await new Promise<void>((resolve) =>
      other.listen(machine.ports.normal, "127.0.0.1", () => resolve())
    );
    assert.deepEqual(await probe.router(site, signal), stopped);
    await new Promise((resolve) => other.close(resolve));
  }));
