import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe } from "node:test";
import { platforms } from "../../platforms/mod.ts";
import type { PlatformWithAbilities } from "../../src/platform/abilities.ts";
import type { PlatformName } from "../../src/platform/name.ts";
import { newSite } from "../fakes/data_home.ts";
import { platformContract } from "./platform_contract.ts";

const { signal } = new AbortController();

function makeHome(): Promise<string> {
  return mkdtemp(join(tmpdir(), "platform-"));
}

function open(name: PlatformName, home: string): Promise<PlatformWithAbilities> {
  return platforms[name]!({
    namespace: "west",
    context: undefined,
    kubeconfig: undefined,
    env: { HAWSER_DATA_HOME: home },
    executable: [],
    version: "0.0.0",
  });
}

for (const name of ["docker", "podman", "linux"] as const) {
  let founded: Promise<string> | undefined;

  /** A data home where a site is founded, and no resource is yet. */
  const foundSite = async () => {
    const home = await makeHome();
    const platform = await open(name, home);
    await platform.siteFounder!.found(newSite("west", {}), [], signal);
    await platform.remove("Site", "west", signal);
    return home;
  };

  after(async () => await founded && rm(await founded!, { recursive: true }));

  describe(`${name} as a platform`, () => {
    platformContract(async () => {
      const home = await makeHome();
      await cp(await (founded ??= foundSite()), home, { recursive: true });
      return {
        platform: await open(name, home),
        again: () => open(name, home),
        close: () => rm(home, { recursive: true }),
      };
    });
  });
}
