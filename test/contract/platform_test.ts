import assert from "node:assert/strict";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { memoryPlatform } from "../../src/platform/memory.ts";
import { machineOf } from "../fakes/machine.ts";
import { siteInput, systemStart } from "../fakes/system_start.ts";
import { platformContract } from "./platform_contract.ts";
import { openTestStore, spawnStoreProcess } from "./test_store.ts";

describe("memory as a platform", () => {
  platformContract(() => {
    const platform = memoryPlatform("west");
    return Promise.resolve({
      platform,
      again: () => Promise.resolve(platform),
      close: () => Promise.resolve(),
    });
  });
});

describe("resource files as a platform", () => {
  platformContract(async () => {
    const home = await mkdtemp(join(tmpdir(), "platform-"));
    return {
      platform: openTestStore(home),
      again: () => Promise.resolve(openTestStore(home)),
      close: () => rm(home, { recursive: true }),
    };
  });
});

let started: Promise<string> | undefined;

/** A data home of which upstream started the namespace; its input is empty meanwhile. */
async function startNamespace(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "platform-"));
  const machine = await machineOf(home, "west");
  siteInput(machine, "west");
  await systemStart(machine);
  await rm(join(home, "namespaces/west/input/resources"), { recursive: true });
  return home;
}

after(async () => await started && rm(await started!, { recursive: true }));

describe("resource files that upstream started as a platform", () => {
  platformContract(async () => {
    const home = await mkdtemp(join(tmpdir(), "platform-"));
    await cp(await (started ??= startNamespace()), home, { recursive: true });
    return {
      platform: openTestStore(home),
      again: () => Promise.resolve(openTestStore(home)),
      close: () => rm(home, { recursive: true }),
    };
  });
});

test("resource files: of two processes at once none overwrites the other", async () => {
  const home = await mkdtemp(join(tmpdir(), "platform-"));
  const store = openTestStore(home);
  const signal = new AbortController().signal;
  await store.apply({
    apiVersion: "skupper.io/v2alpha1",
    kind: "AccessGrant",
    metadata: { name: "g" },
  }, signal);
  const children = [1, 2].map(() => spawnStoreProcess(home, "increment", "g", "50"));
  try {
    for (const [code] of await Promise.all(children.map((child) => once(child, "exit")))) {
      assert.equal(code, 0);
    }
    const grant = await store.get("AccessGrant", "g", signal);
    assert.equal(grant?.status?.redemptions, 100);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await rm(home, { recursive: true });
  }
});
