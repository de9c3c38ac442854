import assert from "node:assert/strict";
import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:net";
import * as path from "node:path";
import { test } from "node:test";
import { missingForEngine } from "../../testbed/engines/programs.ts";
import {
  type EngineName,
  type EngineOptions,
  type EngineTestbed,
  startEngine,
} from "../../testbed/engines/start.ts";
import { inSandbox, type Sandbox, type SandboxOptions } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";

function onDocker(endpoint: string, options: SandboxOptions = {}): SandboxOptions {
  return { ...options, env: { SKUPPER_PLATFORM: "docker", CONTAINER_ENDPOINT: endpoint } };
}

/** No trace of a container that was to be is left in the data home but the lock of the command. */
function assertNothingRan({ dataHome }: Sandbox): void {
  const folder = path.join(dataHome, "hawser/.controller");
  assert.deepEqual(fs.existsSync(folder) ? fs.readdirSync(folder) : [], ["host-lock"]);
}

test(
  "an engine that can't be reached says how it is started",
  inSandbox(async (sandbox) => {
    const socket = path.join(sandbox.folder, "none.sock");
    assertRefused(
      await sandbox.hawser(["controller", "start"], {
        env: { CONTAINER_ENDPOINT: `unix://${socket}` },
      }),
      8,
      `error: Cannot reach the container engine at ${socket}: there is no such socket`,
    );
    assertRefused(
      await sandbox.hawser(["controller", "start", "-p", "podman"], {
        env: { CONTAINER_ENDPOINT: undefined, XDG_RUNTIME_DIR: sandbox.folder },
      }),
      8,
      "error: Cannot reach the container engine at [WILDCARD]/podman/podman.sock: there is no such socket",
      "hint: [WILDCARD]systemctl [WILDCARD]enable --now podman.socket",
    );
    assertNothingRan(sandbox);
  }, onDocker("")),
);

test(
  "something else at the engine's socket is told from an engine",
  inSandbox(async (sandbox) => {
    const socket = path.join(sandbox.folder, "other.sock");
    const other = createServer((connection) => connection.end("220 mail ESMTP\r\n")).listen(socket);
    await once(other, "listening");
    assertRefused(
      await sandbox.hawser(["controller", "start"], { env: { CONTAINER_ENDPOINT: socket } }),
      1,
      `error: What listens at ${socket} is no container engine: [WILDCARD]`,
    );
    other.close();
    assertNothingRan(sandbox);
  }, onDocker("")),
);

test(
  "an engine elsewhere is refused",
  inSandbox(async (sandbox) => {
    assertRefused(
      await sandbox.hawser(["controller", "start"]),
      3,
      "error: Cannot run the controller at tcp://engine:2376 (from CONTAINER_ENDPOINT): " +
        "the engine must be on this machine, at a unix socket",
    );
  }, onDocker("tcp://engine:2376")),
);

/** The body of a test in a sandbox, with an engine of its own. */
function withEngine(
  name: EngineName,
  body: (sandbox: Sandbox, engine: EngineTestbed) => Promise<void>,
  { ordinaryUser = false, ...engineOptions }: EngineOptions & { ordinaryUser?: boolean } = {},
): () => Promise<void> {
  return async () => {
    const engine = await startEngine(name, engineOptions);
    const env = { SKUPPER_PLATFORM: name, CONTAINER_ENDPOINT: `unix://${engine.socket}` };
    try {
      await inSandbox((sandbox) => body(sandbox, engine), { ordinaryUser, env })();
    } finally {
      await engine.stop();
    }
  };
}

function engineTest(name: EngineName, title: string, body: () => Promise<void>): void {
  const missing = missingForEngine[name];
  const needs = missing === undefined ? "" : ` (needs ${missing})`;
  test(`${name}: ${title}${needs}`, { skip: missing !== undefined }, body);
}

for (const name of ["docker", "podman"] as const) {
  engineTest(
    name,
    "one that ends while a controller starts is told, and no harm is done",
    withEngine(name, async (sandbox, engine) => {
      for (const afterMs of [100, 500, 900]) {
        const start = sandbox.start(["controller", "start"]);
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        await engine.interrupt();
        const { code, stderr } = await start.ended;
        if (code !== 0) assert.match(stderr, /^error: .*(container engine|container)/m);
        await engine.restart();
        await sandbox.hawser(["controller", "stop"]);
      }
      await sandbox.succeed(["controller", "start"]);
      await sandbox.succeed(["controller", "stop"]);
    }),
  );

  engineTest(
    name,
    "a full disk is told, and nothing half-made is kept",
    withEngine(name, async (sandbox, engine) => {
      assertRefused(
        await sandbox.hawser(["controller", "start"]),
        1,
        "error: [WILDCARD] could not import an image: its disk is full",
        `hint: ${name} image prune`,
      );
      assert.deepEqual(await engine.call("GET", "/images/json?all=true"), []);
      assertNothingRan(sandbox);
    }, { diskBytes: 64_000_000 }),
  );

  engineTest(
    name,
    "a socket without permission is told, with the group that has it",
    withEngine(name, async (sandbox, engine) => {
      fs.chmodSync(engine.folder, 0o755);
      fs.chownSync(engine.socket, 0, 1);
      fs.chmodSync(engine.socket, 0o660);
      assertRefused(
        await sandbox.hawser(["controller", "start"]),
        4,
        `error: You may not use the container engine at ${engine.socket}: ` +
          'its socket is open to the group "daemon"',
        'hint: sudo usermod -aG daemon "$USER", then log in anew',
      );
    }, { ordinaryUser: true }),
  );
}
