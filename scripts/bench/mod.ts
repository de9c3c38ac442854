import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { compile } from "../build.ts";
import { measureContainers } from "./containers.ts";
import { measureDecisions } from "./decisions/mod.ts";
import type { Figure } from "./figure.ts";
import { measureIssuing } from "./issuing.ts";
import { measureKubernetes } from "./kubernetes.ts";
import { measureJfrog } from "./jfrog.ts";
import { measureLongLedger } from "./long_ledger.ts";
import { measureManyGrants } from "./many_grants.ts";
import { measureMemory } from "./memory.ts";
import { measureRedemptions } from "./redemptions.ts";
import { measureReplicas } from "./replicas.ts";
import { measureRouters } from "./routers.ts";
import { measureScaling } from "./scaling.ts";
import { measureSize } from "./size.ts";
import { measureStartup } from "./startup.ts";

/**
 * Prints the figures, or only those named, beside their goals: medians of what was measured in
 * turns on this machine. The last line counts what misses; `isStrict`: that is a failure.
 */
async function main(only: string | undefined, isStrict: boolean): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-bench-"));
  const hawser = path.join(folder, "hawser");
  const nothing = path.join(folder, "nothing");
  const measures: Record<string, () => Figure[] | Promise<Figure[]>> = {
    size: () => measureSize(hawser),
    startup: () => measureStartup(hawser, nothing),
    issuing: () => measureIssuing(hawser),
    redemptions: () => measureRedemptions(hawser),
    memory: () => measureMemory(hawser),
    jfrog: () => measureJfrog(hawser, nothing),
    routers: () => measureRouters(hawser),
    containers: () => measureContainers(hawser, nothing),
    kubernetes: () => measureKubernetes(hawser),
    replicas: () => measureReplicas(hawser),
    scaling: () => measureScaling(),
    ledgers: () => measureLongLedger(hawser),
    grants: () => measureManyGrants(hawser),
    decisions: () => measureDecisions(hawser, nothing),
  };
  if (only !== undefined && !Object.hasOwn(measures, only)) {
    throw new Error(`Usage: deno task bench [--strict] [${Object.keys(measures).join("|")}]`);
  }
  try {
    compile("main.ts", hawser);
    compile("scripts/bench/nothing.ts", nothing);
    const goals = [];
    for (const [name, measure] of Object.entries(measures)) {
      if (only !== undefined && only !== name) continue;
      for (const figure of await measure()) {
        console.log(describe(figure));
        if (figure.goal !== undefined) goals.push(figure.goal);
      }
    }
    const missed = goals.filter(({ isMet }) => !isMet).length;
    console.log(`${missed} of ${goals.length} goals are missed`);
    if (isStrict && missed > 0) process.exitCode = 1;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function describe({ name, value, comparison, goal }: Figure): string {
  const wanted = goal === undefined
    ? ""
    : goal.isMet
    ? ` (goal: ${goal.text})`
    : `, misses its goal of ${goal.text}`;
  return `${name.padEnd(50)} ${value.padStart(8)}  ${comparison ?? ""}${wanted}`.trimEnd();
}

const words = process.argv.slice(2);
await main(words.find((word) => word !== "--strict"), words.includes("--strict"));
