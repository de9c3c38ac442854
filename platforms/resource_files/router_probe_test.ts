import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { apiVersion } from "../../src/resources/resource.ts";
import { writeResource } from "../../src/resources/yaml.ts";
import { newSite, withDataHome } from "../../test/fakes/data_home.ts";
import { routerProbe } from "./router_probe.ts";

const signal = new AbortController().signal;

test("router() of a namespace upstream never started names the command that starts one", () =>
  withDataHome(async (home) => {
    const { paths, platform } = home.open("west");
    assert.deepEqual(await routerProbe(paths, platform).router(newSite("west"), signal), {
      running: false,
      start: "skupper system start -n west -p linux",
    });
  }));

test("router() of a namespace upstream started is whether its router listens", () =>
  withDataHome(async (home) => {
    const { paths, platform } = home.open("west");
    const probe = routerProbe(paths, platform);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo; // a TCP server that listens
    for (const folder of [paths.runtimeRouter, paths.runtimeResources]) {
      await mkdir(folder, { recursive: true });
    }
    await writeFile(join(paths.runtimeRouter, "skrouterd.json"), "[]");
    await writeFile(
      join(paths.runtimeResources, "RouterAccess-skupper-local.yaml"),
      writeResource({
        apiVersion,
        kind: "RouterAccess",
        metadata: { name: "skupper-local" },
        spec: {
          roles: [{ name: "normal", port }],
          bindHost: "127.0.0.1",
          tlsCredentials: "skupper-local-server",
        },
      }),
    );
    assert.deepEqual(await probe.router(newSite("west"), signal), { running: true });
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(await probe.router(newSite("west"), signal), {
      running: false,
      start: "skupper system reload -n west -p linux",
    });
    await assert.rejects(
      probe.router(newSite("west"), AbortSignal.abort(new Error("stopped"))),
      /stopped/,
    );
  }));
