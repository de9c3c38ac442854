import assert from "node:assert/strict";
import { mkdir, readdir, rename, rm, symlink } from "node:fs/promises";
import { test } from "node:test";
import { withDataHome } from "../../../test/fakes/data_home.ts";
import { machineOf } from "../../../test/fakes/machine.ts";
import { siteInput, systemStart, systemStop } from "../../../test/fakes/system_start.ts";
import { keepLinkHosts } from "../site/chosen_hosts.ts";
import { type NamespacePaths, namespacePaths, namespacesFolder } from "../paths.ts";
import { siteUid } from "../site/site_authority.ts";
import { sweepFormerSites } from "./state_sweep.ts";

const settled = () => Date.now() + 2000;
const notSettled = () => Date.now() - 3_600_000;

test("sweepFormerSites() removes the state of a site that was torn down, once it can't come back", () =>
  withDataHome(async ({ home }) => {
    const machine = await machineOf(home, "west");
    const paths = namespacePaths(home, "west");
    const sites = async () =>
      (await readdir(paths.state)).filter((name) => !name.startsWith(".")).toSorted();
    const start = async () => {
      siteInput(machine, "west");
      await systemStart(machine);
      await keepLinkHosts(paths, ["west.example.org"]);
      return await siteUid(paths);
    };
    const first = await start();
    await systemStart(machine);
    await sweepFormerSites(home, settled);
    assert.deepEqual(await sites(), [first]);
    systemStop(machine);
    const second = await start();
    await sweepFormerSites(home, settled);
    await sweepFormerSites(home, notSettled);
    assert.deepEqual(await sites(), [first, second].toSorted());
    await sweepFormerSites(home, settled);
    assert.deepEqual(await readdir(paths.state), [second]);
    systemStop(machine);
    await sweepFormerSites(home, settled);
    await sweepFormerSites(home, notSettled);
    assert.deepEqual(await sites(), [second]);
    await sweepFormerSites(home, settled);
    assert.deepEqual(await readdir(paths.state), []);
  }));

test("sweepFormerSites() keeps the state of a namespace whose authority can't be read just now", () =>
  withDataHome(async ({ home }) => {
    const paths = await startedSite(home);
    await rm(paths.runtimeIssuers, { recursive: true });
    await sweepFormerSites(home, settled);
    assert.equal((await readdir(paths.state)).length, 1);
  }));

test("sweepFormerSites() keeps the state of a namespace that can't be looked at just now", () =>
  withDataHome(async ({ home }) => {
    const paths = await startedSite(home);
    await rename(paths.root, `${paths.root}-aside`);
    await symlink(paths.root, paths.root);
    await assert.rejects(sweepFormerSites(home, settled));
    assert.equal((await readdir(paths.state)).length, 1);
  }));

test("sweepFormerSites() keeps the state of namespaces that were not mounted for a while", () =>
  withDataHome(async ({ home }) => {
    const paths = await startedSite(home);
    const mounted = namespacesFolder(home);
    await rename(mounted, `${mounted}-aside`);
    // the place where they are mounted is older than all that is in them
    await mkdir(mounted);
    await sweepFormerSites(home, settled);
    await rm(mounted, { recursive: true });
    await rename(`${mounted}-aside`, mounted);
    await sweepFormerSites(home, settled);
    assert.deepEqual(await readdir(paths.state), [await siteUid(paths)]);
  }));

/** A namespace with a site of upstream's that has started, and a state of ours. */
async function startedSite(home: string): Promise<NamespacePaths> {
  const machine = await machineOf(home, "west");
  const paths = namespacePaths(home, "west");
  siteInput(machine, "west");
  await systemStart(machine);
  await keepLinkHosts(paths, ["west.example.org"]);
  return paths;
}
