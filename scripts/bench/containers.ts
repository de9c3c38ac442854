import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { connectEngine, type Engine } from "../../platforms/container_engine/engine.ts";
import { provideImage, removeOldImages } from "../../platforms/container_engine/image.ts";
import { findQuietPort } from "../../test/e2e/stage/quiet_port.ts";
import { missingForEngine } from "../../test/testbed/engines/programs.ts";
import {
  type EngineName,
  type EngineTestbed,
  startEngine,
} from "../../test/testbed/engines/start.ts";
import { openBenchSite } from "./bench_site.ts";
import { type Figure, goal, median } from "./figure.ts";
import { measureCommands } from "./processes.ts";

const { signal } = new AbortController();

const coldRounds = 3;
const warmRounds = 7;
const issueRounds = 30;

/**
 * How long a controller takes to start as a container, and what it costs those who issue tokens.
 */
export async function measureContainers(hawser: string, nothing: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of ["docker", "podman"] as const) {
    if (missingForEngine[name] !== undefined) continue;
    const testbed = await startEngine(name);
    try {
      const engine = await connectEngine(testbed.socket, signal);
      figures.push(...await measureStarts(testbed, engine, hawser, nothing));
      figures.push(measureIssuing(testbed, hawser));
    } finally {
      await testbed.stop();
    }
  }
  return figures;
}

async function measureStarts(
  testbed: EngineTestbed,
  engine: Engine,
  hawser: string,
  nothing: string,
): Promise<Figure[]> {
  const { name } = testbed;
  const site = openBenchSite(hawser, settingsFor(testbed));
  const port = await findQuietPort();
  const run = (...words: string[]) => {
    const { status, stderr } = spawnSync(hawser, words, { env: site.env, encoding: "utf8" });
    if (status !== 0) throw new Error(`hawser ${words.join(" ")} failed\n${stderr}`);
  };
  try {
    const image = await provideImage(engine, [hawser], signal);
    const { Size } = await testbed.call("GET", `/images/${image}/json`) as { Size: number };
    const cold: number[] = [];
    const warm: number[] = [];
    for (let round = 0; round < coldRounds + warmRounds; round++) {
      run("controller", "stop");
      if (round < coldRounds) await removeOldImages(engine, "", signal);
      const startedAt = performance.now();
      run("controller", "start", "--grant-port", port);
      (round < coldRounds ? cold : warm).push(performance.now() - startedAt);
    }
    const other: number[] = [];
    const idle = await provideImage(engine, [nothing], signal);
    for (let round = 0; round < warmRounds; round++) other.push(await runToEnd(engine, idle));
    const figure = (what: string, times: number[]) => ({
      name: `${name}: controller start, ${what}`,
      value: `${median(times).toFixed(0)} ms`,
      comparison: `${
        (median(times) / median(other)).toFixed(1)
      } times a container that does nothing`,
    });
    return [
      { name: `${name}: a container that does nothing`, value: `${median(other).toFixed(0)} ms` },
      figure("image made", cold),
      figure("image there", warm),
      { name: `${name}: image`, value: `${(Size / 1e6).toFixed(0)} MB` },
    ];
  } finally {
    site.close();
  }
}

/** Milliseconds from the making of a container to its removal after its end. */
async function runToEnd(engine: Engine, image: string): Promise<number> {
  const container = "idle";
  const startedAt = performance.now();
  await engine.runContainer(container, {
    Image: image,
    HostConfig: { NetworkMode: "host", ReadonlyRootfs: true, CapDrop: ["ALL"] },
  }, signal);
  while ((await engine.inspectContainer(container, signal))?.state !== "exited");
  await engine.removeContainer(container, signal);
  return performance.now() - startedAt;
}

function measureIssuing(testbed: EngineTestbed, hawser: string): Figure {
  const sites = [openBenchSite(hawser), openBenchSite(hawser, settingsFor(testbed))];
  try {
    const [linux, other] = measureCommands(
      Object.fromEntries(sites.map(({ home, env }) => [
        env["SKUPPER_PLATFORM"],
        [
          ...["env", `HAWSER_DATA_HOME=${home}`, `SKUPPER_PLATFORM=${env["SKUPPER_PLATFORM"]}`],
          ...[hawser, "token", "issue", path.join(home, "token.yaml"), "-n", "west"],
        ],
      ])),
      issueRounds,
    );
    return {
      name: `${testbed.name}: hawser token issue`,
      value: `${other!.ms.toFixed(1)} ms`,
      comparison: `${(other!.ms / linux!.ms).toFixed(2)} times that on linux`,
      goal: goal(other!.ms / linux!.ms, "at most", 1.2, " times"),
    };
  } finally {
    for (const site of sites) site.close();
  }
}

function settingsFor({ name, socket }: { name: EngineName; socket: string }) {
  return { SKUPPER_PLATFORM: name, CONTAINER_ENDPOINT: `unix://${socket}` };
}
