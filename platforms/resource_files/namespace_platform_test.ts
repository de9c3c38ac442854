import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { isAppError } from "../../src/errors/app_error.ts";
import { newSite, withDataHome } from "../../test/fakes/data_home.ts";
import { machineOf } from "../../test/fakes/machine.ts";
import { siteInput, systemStart, systemStop } from "../../test/fakes/system_start.ts";
import { detectPlatform, requirePlatform } from "./namespace_platform.ts";
import { namespacePaths } from "./paths.ts";

const signal = new AbortController().signal;

test("detectPlatform() is what upstream made the namespace with, while it is there", () =>
  withDataHome(async ({ home }) => {
    const env = { HAWSER_DATA_HOME: home };
    for (const platform of ["docker", "podman", "linux"] as const) {
      const machine = await machineOf(home, platform, { platform });
      siteInput(machine, "west");
      assert.equal(await detectPlatform(platform, env), undefined);
      await systemStart(machine);
      assert.equal(await detectPlatform(platform, env), platform);
      systemStop(machine);
      assert.equal(await detectPlatform(platform, env), undefined);
    }
  }));

test("detectPlatform() is what a site of ours was founded with, until upstream starts it or it goes", () =>
  withDataHome(async ({ home, open }) => {
    const env = { HAWSER_DATA_HOME: home };
    const { founder, paths, platform } = open("west");
    const site = newSite("west");
    const found = async () => {
      await founder.found(site, [], signal);
      await platform.apply(site, signal);
    };
    await found();
    assert.equal(await detectPlatform("west", env), "linux");
    assert.equal(await detectPlatform(undefined, env), undefined);
    await systemStart(await machineOf(home, "west", { platform: "docker" }));
    assert.equal(await detectPlatform("west", env), "docker");
    await rm(paths.root, { recursive: true });
    assert.equal(await detectPlatform("west", env), undefined);
    await found();
    await founder.dissolve(site, false, signal);
    assert.equal(await detectPlatform("west", env), undefined);
  }));

test("detectPlatform() of what is no namespace, or has no data home, is nothing", async () => {
  assert.equal(await detectPlatform("../west", { HAWSER_DATA_HOME: "/tmp" }), undefined);
  assert.equal(await detectPlatform("west", { HAWSER_DATA_HOME: "/dev/null" }), undefined);
});

test("requirePlatform() refuses another platform than the namespace's, and names it", () =>
  withDataHome(async ({ home }) => {
    const machine = await machineOf(home, "west");
    siteInput(machine, "west");
    const paths = namespacePaths(home, "west");
    await requirePlatform(paths, "docker");
    await systemStart(machine);
    await requirePlatform(paths, "podman");
    await assert.rejects(
      requirePlatform(paths, "docker"),
      (error) =>
        isAppError(error, "namespace-platform") && error.exitCode === 3 &&
        /"west".*made with platform "podman"/.test(error.message),
    );
  }));
