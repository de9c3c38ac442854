import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import { machineOf } from "../../test/fakes/machine.ts";
import { type Router, startRouter } from "../../test/fakes/router/router.ts";
import { siteInput, systemStart } from "../../test/fakes/system_start.ts";
import { openBenchSite } from "./bench_site.ts";
import { type Figure, goal, median } from "./figure.ts";

const rounds = 20;
const redemptions = 5;

/**
 * How long it takes to ask a router for a link, beside the same where none runs, and from a token
 * to a link that works. The routers stand in for skupper-router, in this process.
 */
export async function measureRouters(hawser: string): Promise<Figure[]> {
  const site = openBenchSite(hawser);
  const routers: Router[] = [];
  // not in turns with what blocks this process, in which the routers are
  const run = async (...args: string[]): Promise<number> => {
    const startedAt = performance.now();
    await promisify(execFile)(hawser, args, { env: site.env });
    return performance.now() - startedAt;
  };
  try {
    for (const name of ["north", "east", "still"]) {
      const hosts = ["127.0.0.1", "localhost"];
      const machine = await machineOf(site.home, name, { platform: "linux", hosts });
      siteInput(machine, name);
      await systemStart(machine);
      if (name === "still") continue;
      routers.push(await startRouter(path.join(site.home, "namespaces", name)));
    }
    await run("site", "update", "--link-host", "localhost", "-n", "north");
    const file = path.join(site.home, "token.yaml");
    const times: number[] = [];
    for (let count = 0; count < redemptions; count++) {
      const force = count === 0 ? [] : ["--force"];
      await run("token", "issue", file, "-n", "north", ...force);
      times.push(await run("token", "redeem", file, "-n", "east", "--wait", "ready"));
    }
    await run("token", "issue", file, "-n", "north", "--force");
    await run("token", "redeem", file, "-n", "still");
    const asked: number[] = [];
    const unasked: number[] = [];
    for (let round = 0; round < rounds; round++) {
      asked.push(await run("link", "status", "-n", "east"));
      unasked.push(await run("link", "status", "-n", "still"));
    }
    return [
      {
        name: "hawser link status, with a router to ask",
        value: `${median(asked).toFixed(1)} ms`,
        comparison: `${(median(asked) - median(unasked)).toFixed(1)} ms more than without one`,
      },
      {
        name: "hawser token redeem --wait ready",
        value: `${(median(times) / 1000).toFixed(2)} s`,
        comparison: "from the command to a link that works",
        goal: goal(median(times) / 1000, "at most", 1, " s"),
      },
    ];
  } finally {
    for (const router of routers) await router.stop();
    site.close();
  }
}
