import * as fs from "node:fs";
import * as os from "node:os";
import process from "node:process";
import { inSandbox } from "../test/e2e/stage/harness.ts";
import { prepareSites } from "../test/e2e/stage/sites.ts";
import { catchMutants } from "../test/prove/catch_mutants.ts";
import { copyProduct } from "../test/prove/copy.ts";
import { redeemInCrowd } from "../test/prove/crowd.ts";
import { say, writeFigures } from "../test/prove/figures.ts";
import { groundOfCluster, groundOfFiles } from "../test/prove/grounds.ts";
import { beHostile, type Hostilities } from "../test/prove/hostile_clients.ts";
import { type RealOutcome, runRealHistories } from "../test/prove/real_histories.ts";
import { shrink } from "../test/prove/shrink.ts";
import { type Findings, simulate } from "../test/prove/simulate.ts";
import { buildHere } from "./build.ts";

/**
 * Searches for histories that break the promise, and shows that the judge would see one:
 *
 *     deno task prove                  100,000 histories at least, for two hours at most
 *     deno task prove --short          two minutes
 *     deno task prove --write          what came of it goes into docs/guarantees.md
 *     deno task prove --minutes M      as long at most
 *     deno task prove --histories N    as many, from --first on
 *     deno task prove --workers N      in so many processes; one for each core by default
 *     deno task prove --crowds N       so many rounds of a thousand clients at the executable
 *     deno task prove --real N         so many tokens' lives at the executable, on files
 *     deno task prove --cluster N      the same with three replicas at a Kubernetes API server
 *     … --built                        with the executable that is in dist already
 *     deno task prove --hostile        clients with the code while others do their worst
 *     deno task prove --seed N         one history, all that happens in it, and its fewest faults
 */
const kinds = ["burned", "double-spent", "stuck", "wrongly refused"];
/** Histories between two lines of progress. */
const chunk = 2000;

function option(name: string): number | undefined {
  const place = process.argv.indexOf(name);
  if (place === -1) return undefined;
  const value = Number(process.argv[place + 1]);
  if (!Number.isSafeInteger(value)) throw new Error(`${name} takes a number`);
  return value;
}

/** Whether the figures go into the documents. */
function writes(): boolean {
  return process.argv.includes("--write");
}

/** Simulates that many histories, on all cores; prints figures as it goes. */
async function search(folder: string, first: number, count: number, limitMs: number) {
  const began = performance.now();
  const workers = option("--workers") ?? Math.max(1, os.availableParallelism());
  const found: Findings[] = [];
  const sum = (of: (one: Findings) => number) => found.reduce((total, one) => total + of(one), 0);
  const seconds = () => Math.round((performance.now() - began) / 1000);
  let next = first;
  await Promise.all(Array.from({ length: workers }, async () => {
    while (next < first + count) {
      const leftMs = limitMs - (performance.now() - began);
      if (leftMs <= 0) return;
      const mine = next;
      next += chunk;
      const many = Math.min(chunk, first + count - mine);
      found.push(await simulate(folder, { first: mine, count: many, limitMs: leftMs }));
      console.log(`  ${seconds()} s: ${say(sum(({ histories }) => histories))} histories`);
    }
  }));
  const faults: Record<string, number> = {};
  for (const one of found) {
    for (const [fault, times] of Object.entries(one.faults)) {
      faults[fault] = (faults[fault] ?? 0) + times;
    }
  }
  const injected = Object.values(faults).reduce((total, times) => total + times, 0);
  const happened = `${say(sum(({ histories }) => histories))} histories, ` +
    `${say(sum(({ happenings }) => happenings))} events, ${say(injected)} faults injected`;
  console.log(`${happened} in ${seconds()} s`);
  for (const [fault, times] of Object.entries(faults).sort(([a], [b]) => a < b ? -1 : 1)) {
    console.log(`  ${fault}: ${times}`);
  }
  const judged = kinds.map((kind) => `${sum((one) => one.kinds[kind] ?? 0)} ${kind}`).join(", ");
  console.log(judged);
  if (writes()) writeFigures("simulated", `${happened}: ${judged}.`);
  return found.flatMap(({ broken }) => broken);
}

/** Prints the history of a seed, and the fewest faults with which it fails. */
async function replay(folder: string, seed: number): Promise<boolean> {
  const { broken } = await simulate(folder, {
    first: seed,
    count: 1,
    limitMs: 60_000,
    mode: "print",
  });
  if (broken.length === 0) {
    console.log(`seed ${seed}: allowed by the model`);
    return true;
  }
  const { left, violations } = await shrink(folder, seed);
  console.log(`seed ${seed}: ${violations.map(({ kind, why }) => `${kind}: ${why}`).join("; ")}`);
  console.log(`with these faults alone:\n${left.map((place) => `  ${place}`).join("\n")}`);
  return false;
}

/** Rounds of a thousand clients at the executable, for grants of 1, 7 and 100 uses in turn. */
async function crowds(rounds: number): Promise<boolean> {
  if (!process.argv.includes("--built")) buildHere();
  let wrong = 0;
  const waitedMs: number[] = [];
  await inSandbox(async (sandbox) => {
    await prepareSites(sandbox);
    for (let round = 0; round < rounds; round++) {
      for (const uses of [1, 7, 100]) {
        const outcome = await redeemInCrowd(sandbox, uses, 1000);
        waitedMs.push(...outcome.waitedMs);
        if (outcome.winners === uses && outcome.violations.length === 0) continue;
        wrong++;
        console.log(`${uses} uses: ${outcome.winners} winners`, outcome.violations.slice(0, 3));
      }
    }
  })();
  waitedMs.sort((a, b) => a - b);
  const at = (part: number) => Math.round(waitedMs[Math.floor(waitedMs.length * part)] ?? 0);
  console.log(
    `${rounds} rounds of 1,000 clients for 1, 7 and 100 uses each: ${wrong} wrong; ` +
      `winners waited ${at(0.5)} ms (median), ${at(0.99)} ms (99 %)`,
  );
  return wrong === 0;
}

/** Has so many tokens live at the executable, their services killed and failed meanwhile. */
async function realHistories(count: number, where: "files" | "cluster"): Promise<boolean> {
  if (!process.argv.includes("--built")) buildHere();
  const limitMs = (option("--minutes") ?? 120) * 60_000;
  const atOnce = option("--at-once") ?? 12;
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 1000);
  const progress = (done: number) => {
    if (done % 100 === 0) console.log(`  ${seconds()} s: ${say(done)} histories`);
  };
  const runOn = async (ground: Awaited<ReturnType<typeof groundOfCluster>>) => {
    const outcome = await runRealHistories(ground, { count, atOnce, limitMs }, progress);
    await ground.end();
    return outcome;
  };
  let outcome: RealOutcome | undefined;
  if (where === "cluster") outcome = await runOn(await groundOfCluster());
  else {await inSandbox(async (sandbox) => {
      outcome = await runOn(await groundOfFiles(sandbox));
    })();}
  const { histories, requests, faults, broken } = outcome!;
  const injected = Object.values(faults).reduce((total, times) => total + times, 0);
  for (const [fault, times] of Object.entries(faults)) console.log(`  ${fault}: ${times}`);
  for (const { name, violations } of broken.slice(0, 10)) console.log(name, violations);
  const found = `${say(histories)} histories, ${say(requests)} requests, ${say(injected)} faults ` +
    `injected: ${broken.length} not allowed by the model.`;
  console.log(`${found} ${seconds()} s`);
  if (writes()) writeFigures(`real, ${where}`, found);
  return broken.length === 0;
}

/** Redeems a grant of as many uses as clients, while others send what is wrong at full speed. */
async function hostile(): Promise<boolean> {
  if (!process.argv.includes("--built")) buildHere();
  const clients = 200;
  let isServed = false;
  await inSandbox(async (sandbox) => {
    await prepareSites(sandbox);
    const done: Hostilities = { wrongCodes: 0, unknownGrants: 0 };
    const outcome = await redeemInCrowd(sandbox, clients, clients, async (isOver, token) => {
      Object.assign(done, await beHostile(token, isOver));
    }, 8);
    const { waitedMs, winners, violations } = outcome;
    const at = (part: number) => Math.round(waitedMs[Math.floor(waitedMs.length * part)] ?? 0);
    console.log(
      `${winners} of ${clients} redeemers were served beside ${done.wrongCodes} wrong ` +
        `codes and ${done.unknownGrants} requests for unknown grants, 60 connections idle; they ` +
        `waited ${at(0.5)} ms (median), ${at(0.99)} ms (99 %)`,
    );
    isServed = winners === clients && violations.length === 0;
  })();
  return isServed;
}

async function main(): Promise<void> {
  const isShort = process.argv.includes("--short");
  const seed = option("--seed");
  const folder = copyProduct();
  try {
    if (seed !== undefined) {
      if (!await replay(folder, seed)) process.exitCode = 1;
      return;
    }
    if (process.argv.includes("--hostile")) {
      if (!await hostile()) process.exitCode = 1;
      return;
    }
    for (const [name, where] of [["--real", "files"], ["--cluster", "cluster"]] as const) {
      const count = option(name);
      if (count === undefined) continue;
      if (!await realHistories(count, where)) process.exitCode = 1;
      return;
    }
    const rounds = option("--crowds");
    if (rounds !== undefined) {
      if (!await crowds(rounds)) process.exitCode = 1;
      return;
    }
    const count = option("--histories") ?? (isShort ? 100_000 : 120_000);
    const first = option("--first") ?? 1;
    const limitMs = (option("--minutes") ?? (isShort ? 0.75 : 120)) * 60_000;
    const broken = await search(folder, first, count, limitMs);
    for (const one of broken.slice(0, 5)) await replay(folder, one.seed);
    const verdicts = await catchMutants(60_000);
    const missed = verdicts.filter(({ why }) => why === undefined);
    for (const { name, why, histories } of verdicts) {
      console.log(`  ${name}: ${why ?? "MISSED"} (after ${histories})`);
    }
    const caught = `${verdicts.length - missed.length} of ${verdicts.length} caught`;
    console.log(caught);
    if (writes()) writeFigures("deliberate defects", `${caught}.`);
    if (broken.length + missed.length > 0) process.exitCode = 1;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
